"""What rows 20, 21 and 34 rest on, each taken away."""

from dev.prove.mutations.mutation import Edit, Mutation

_SESSION = "services/auth/domain/session.py"
_SESSIONS = "services/auth/service/sessions.py"
_REVOCATION = "libs/common/identity/revocation.py"

MUTATIONS = [
    Mutation(
        name="refresh-version",
        mechanism="the condition under which a rotated session is saved",
        row=20,
        services=("auth",),
        edits=(
            Edit(
                "libs/common/mongo/store.py",
                'criteria: dict[str, Any] = {"_id": aggregate.id, "version": aggregate.version}',
                'criteria: dict[str, Any] = {"_id": aggregate.id}',
            ),
        ),
    ),
    Mutation(
        name="refresh-grace",
        mechanism="the grace in which a lost answer is given again",
        row=20,
        services=("auth",),
        edits=(Edit(_SESSION, "if token_hash == self.previous_hash and self._is_within_grace(now):", "if False:"),),
    ),
    Mutation(
        name="refresh-grace-ends",
        mechanism="the end of the grace",
        row=20,
        services=("auth",),
        edits=(
            Edit(
                _SESSION,
                "self.rotated_at is not None and now < self.rotated_at + timedelta(seconds=GRACE_SECONDS)",
                "self.rotated_at is not None",
            ),
        ),
    ),
    Mutation(
        name="refresh-reuse",
        mechanism="the end of a family of which a spent token was used",
        row=20,
        services=("auth",),
        edits=(Edit(_SESSIONS, 'if verdict == "reused" and session.end("refresh_reused", now):', "if False:"),),
    ),
    Mutation(
        name="guessing-budget",
        mechanism="the condition under which a try at a password is taken",
        row=21,
        services=("auth",),
        edits=(
            Edit(
                "services/auth/store/tries.py", 'criteria = {"_id": budget, "$or": room}', 'criteria = {"_id": budget}'
            ),
        ),
    ),
    Mutation(
        name="guessing-work",
        mechanism="the refusal before the password is looked at",
        row=21,
        services=("auth",),
        edits=(
            Edit(
                "services/auth/service/passwords.py",
                "        device = self._devices.recognise(account, device_token, self._clock.now())",
                "        await self._hasher.verify(password, None)\n"
                "        device = self._devices.recognise(account, device_token, self._clock.now())",
            ),
        ),
    ),
    Mutation(
        name="guessing-silence",
        mechanism="the same work for an address that nobody has",
        row=21,
        services=("auth",),
        edits=(
            Edit(
                "services/auth/service/hashing.py",
                "        fits = bool(await",
                "        if encoded is None:\n            return False\n        fits = bool(await",
            ),
        ),
    ),
    Mutation(
        name="guessing-device",
        mechanism="the tries of a device that the owner signed in with",
        row=21,
        services=("auth",),
        edits=(
            Edit(
                "services/auth/service/devices.py",
                'return f"{account.id}|{head}" if fits else None',
                "return None",
            ),
        ),
    ),
    Mutation(
        name="guessing-device-key",
        mechanism="the key by which a device's token is told from a made-up one",
        row=21,
        services=("auth",),
        edits=(
            Edit(
                "services/auth/service/devices.py",
                'return f"{account.id}|{head}" if fits else None',
                'return f"{account.id}|{head}"',
            ),
        ),
    ),
    Mutation(
        name="revocation-announced",
        mechanism="hearing what was announced, at the gateway",
        row=34,
        services=("gateway",),
        edits=(Edit("libs/common/messaging/announcements.py", "self._hear(unseal(document))", "unseal(document)"),),
    ),
    Mutation(
        name="revocation-at-services",
        mechanism="the second look at what was revoked, in a service",
        row=34,
        services=("sales",),
        edits=(
            Edit(
                "libs/common/identity/tokens.py",
                "if self._revocations.is_revoked(",
                "if False and self._revocations.is_revoked(",
            ),
        ),
    ),
    Mutation(
        name="revocation-sockets",
        mechanism="the end of open sockets whose token was revoked",
        row=34,
        services=("realtime",),
        edits=(
            Edit(
                "services/realtime/service/realtime.py",
                "            if self._is_revoked(listener.holder):",
                "            if False:",
            ),
        ),
    ),
    Mutation(
        name="revocation-late-sockets",
        mechanism="the age of a socket's token in place of its ticket's",
        row=34,
        services=("realtime",),
        edits=(
            Edit(
                "services/realtime/service/realtime.py",
                "who.issued_at if who.issued_at is not None else int(now.timestamp())",
                "int(now.timestamp())",
            ),
        ),
    ),
    Mutation(
        name="revocation-role",
        mechanism="the stop of tokens when a membership changes",
        row=34,
        services=("auth",),
        edits=(
            Edit(
                "services/auth/service/staff.py",
                "                member.stop_tokens(self._clock.now())\n            return await memberships.save",
                "                pass\n            return await memberships.save",
            ),
        ),
    ),
    Mutation(
        name="revocation-password",
        mechanism="the end of the other sessions when a password changes",
        row=34,
        services=("auth",),
        edits=(
            Edit(
                _SESSIONS,
                "[one for one in await self._sessions.live_of(user_id, transaction) if one.id != but]",
                "[]",
            ),
        ),
    ),
    Mutation(
        name="revocation-company",
        mechanism="the refusal of a suspended company's tokens",
        row=34,
        services=("inventory",),
        edits=(Edit(_REVOCATION, "self._companies[data.company_id] = time.monotonic()", "pass"),),
    ),
]
