# SPDX-FileCopyrightText: The Modelplane Authors
# SPDX-License-Identifier: Apache-2.0

"""An engine for the rig: it serves the OpenAI API, and refuses to start on anything but a commit's exact files.

Standard library only: the image has no other. A follower of a gang proves that it has the files too, then waits.
"""

import hashlib
import json
import os
import signal
import sys
import threading
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

MARKER = ".modelplane-hydrated"
PORT = 8000


def say(line: str) -> None:
    """Write a line to the log at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def check(root: Path) -> dict[str, Any]:
    """Return the marker of a model whose files all have the bytes that it lists, or end the program."""
    marker = root / MARKER
    if not marker.is_file():
        sys.exit(f"cannot serve {root}: it has no {MARKER}; it holds {sorted(p.name for p in root.glob('*'))}")
    said = json.loads(marker.read_text())
    for row in said["files"]:
        content = (root / row["path"]).read_bytes()
        if len(content) != row["size"]:
            sys.exit(f"cannot serve {root}: {row['path']} has {len(content)} bytes instead of {row['size']}")
        if "sha256" in row and hashlib.sha256(content).hexdigest() != row["sha256"]:
            sys.exit(f"cannot serve {root}: {row['path']} has other bytes than its commit")
    (root / ".engine-was-here").write_text("engines write lock and compile files beside the model\n")
    return said


class Handler(BaseHTTPRequestHandler):
    """The few routes of the API that clients and probes call."""

    said: ClassVar[dict[str, Any]] = {}
    name: ClassVar[str] = ""

    def do_GET(self) -> None:
        """Tell whether the engine is healthy, and which model it serves."""
        if self.path == "/health":
            return self.reply({})
        if self.path == "/v1/models":
            return self.reply(
                {"object": "list", "data": [{"id": self.name, "object": "model", "root": self.said["commit"]}]}
            )
        return self.reply({"error": f"no route {self.path}"}, code=404)

    def do_POST(self) -> None:
        """Complete a chat with the commit that the answer comes from."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        if self.path != "/v1/chat/completions":
            return self.reply({"error": f"no route {self.path}"}, code=404)
        text = f"{self.said['identity']['repo']}@{self.said['commit']} heard {len(asked.get('messages', []))} messages"
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        return self.reply({"object": "chat.completion", "model": self.name, "choices": [choice]})

    def reply(self, body: dict[str, Any], *, code: int = 200) -> None:
        """Answer with JSON."""
        data = json.dumps(body).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def follow(leader: str) -> None:
    """Wait as a gang's follower does, as long as the leader answers or is still starting."""
    say(f"following {leader}")
    while True:
        try:
            with urllib.request.urlopen(f"http://{leader}:{PORT}/health", timeout=5):
                say(f"leader {leader} answers")
                signal.pause()
        except OSError as err:
            say(f"no leader yet: {err}")
            threading.Event().wait(2)


def main() -> None:
    """Serve until told to stop."""
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    given = dict(arg.lstrip("-").split("=", 1) for arg in sys.argv[1:] if arg.startswith("--") and "=" in arg)
    if "model" not in given:
        sys.exit(f"cannot serve: no --model in {sys.argv[1:]}")
    Handler.said, Handler.name = check(Path(given["model"])), given["model"]
    say(f"serving {Handler.said['identity']['repo']} at {Handler.said['commit']}")
    if os.environ.get("MODELPLANE_RANK", "0") != "0":
        follow(os.environ["MODELPLANE_LEADER_ADDRESS"])
    ThreadingHTTPServer(("", PORT), Handler).serve_forever()


if __name__ == "__main__":
    main()
