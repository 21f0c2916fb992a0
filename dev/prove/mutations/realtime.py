"""What the row about live events rests on."""

from dev.prove.mutations.mutation import Edit, Mutation

SESSION = "services/realtime/service/session.py"

MUTATIONS = [
    Mutation(
        "resume-after-cursor",
        "that a resumed socket is sent what stands after its cursor only",
        24,
        ("realtime",),
        (
            Edit("services/realtime/service/recent.py", "if sent.place <= place:", "if sent.place <= self.since:"),
            Edit(SESSION, "if event is None or at.place <= after:", "if event is None:"),
        ),
    ),
    Mutation(
        "resume-from-cursor",
        "the sending of what was missed when a socket resumes",
        24,
        ("realtime",),
        (Edit(SESSION, "if cursor.place == self._hub.place:", "if cursor:"),),
    ),
    Mutation(
        "stalled-cut",
        "the cut of a client that takes nothing",
        24,
        ("gateway", "realtime"),
        (
            Edit("libs/common/web/sockets.py", "call_later(STALLED_SECONDS", "call_later(86_400"),
            Edit("services/gateway/service/sockets.py", "TAKING_SECONDS = 5.0", "TAKING_SECONDS = 86_400.0"),
            Edit("services/realtime/service/realtime.py", "asyncio.timeout(send_seconds)", "asyncio.timeout(None)"),
            Edit("services/realtime/service/listeners.py", "            self.end(SLOW)\n", "            pass\n"),
        ),
    ),
]
