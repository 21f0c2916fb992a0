"""Getting a Debian package where the machine lacks a server, or saying in one sentence what is missing."""

import os
import shutil
import subprocess

from dev.home import OperatorError


def install_debian_package(package: str, *, instead: str) -> None:
    """Installs a package as root; `instead` names the variable that points to a server elsewhere.

    Raises:
        OperatorError: not root, no apt, or apt failed.
    """
    advice = f"install it (`apt-get install {package}`) or set {instead}"
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise OperatorError(f"{package} is missing: {advice}.")
    print(f"installing {package} ...", flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    apt = ["apt-get", "-qq", "-o", "DPkg::Lock::Timeout=120"]
    for step in (["update"], ["install", "-y", "--no-install-recommends", package]):
        done = subprocess.run(apt + step, env=environment, capture_output=True, text=True)
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise OperatorError(f"{package} could not be installed ({last}): {advice}.")
