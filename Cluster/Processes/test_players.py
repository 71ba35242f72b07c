"""hls.js, Shaka Player and dash.js play a title of a running cluster to its end, in headless Chromium."""
import functools
import http.server
import json
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import harness
import test_bad_clips
from cluster import TOOLS, expect

# The folder of the peers; set by the runner.
PEERS = Path()
CLIP = TOOLS / "clips" / "trailer_bbb.mp4"
CLIP_SECONDS = 55.1
PLAYERS = [("hlsjs", "hls"), ("shaka", "dash"), ("shaka", "hls"), ("dashjs", "dash")]
PLAY_SECONDS = 150


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@contextmanager
def pages():
    """The players' pages on another origin than the media: CORS must let them in."""
    handler = functools.partial(Quiet, directory=str(PEERS))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/players"
    finally:
        server.shutdown()
        thread.join()


def play(base, player, source):
    """The page's report once the title has ended."""
    url = f"{base}/{player}.html?src={quote(source, safe=':/')}"
    done = subprocess.run(
        [sys.executable, str(PEERS / "players" / "play.py"), url, "--until", "ended", "--seconds", str(PLAY_SECONDS)],
        capture_output=True, text=True, timeout=PLAY_SECONDS + 60, stdin=subprocess.DEVNULL,
    )
    expect(done.returncode == 0, f"{player} {source}: {done.stderr[-1200:]}{done.stdout[-1200:]}")
    return json.loads(done.stdout)


def test_three_web_players_play_a_title_to_its_end(directory):
    with harness.running_cluster(directory, nodes=3) as cluster, pages() as base:
        test_bad_clips.load_schema()
        status, said = test_bad_clips.encode(cluster, CLIP, "bunny")
        expect(status == 0, f"encode exited {status}: {said}")
        code, _, body = test_bad_clips.manifest(cluster, "bunny")
        expect(code == 200, f"the manifest answered {code}: {body[:300]}")
        manifests = json.loads(body)["manifests"]
        for player, kind in PLAYERS:
            report = play(base, player, manifests[kind])
            fatal = [error for error in report["errors"] if error.get("fatal")]
            expect(not fatal, f"{player} {kind}: {fatal}")
            expect(report["playedSeconds"] > CLIP_SECONDS - 2, f"{player} {kind} played {report['playedSeconds']} s")
            print(
                f"        {player} {report['version']} {kind}: ended after {report['playedSeconds']:.1f} s, start "
                f"{report['startupMs']} ms, {len(report['stalls'])} stalls, {report['renditions']}", flush=True,
            )
