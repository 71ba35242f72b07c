"""Clips as people have them, and files that are none: the first become titles, the second a clear reason."""
import subprocess

import harness
from cluster import MARQUEE, ROOT, TOOLS, address, cqlsh, expect, request

USER = "5b3d1e2a-94d3-4f6e-8a8e-5f1f0f1c9a01"
PROFILE = "c7a5b0a4-6a39-4f5e-9f0b-0b8c5a9d7e02"


def encode(cluster, clip, video_id, seconds=240):
    done = subprocess.run(
        [str(MARQUEE), "encode", str(clip), "--title", video_id, "--video-id", video_id, "--node", address(1),
         "--secret-file", str(cluster.directory / "token-secret")],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds,
    )
    return done.returncode, done.stdout + done.stderr


def make_clip(path, *words):
    done = subprocess.run([str(TOOLS / "ffmpeg"), "-nostdin", "-loglevel", "error", *words, str(path)], capture_output=True, text=True)
    expect(done.returncode == 0, done.stderr)
    return path


def load_schema():
    cqlsh(1, "-f", ROOT / "Cluster" / "schema" / "marquee.cql")
    cqlsh(1, "-e", f"INSERT INTO marquee.profiles (user_id, profile_id, name) VALUES ({USER}, {PROFILE}, 'a')")


def manifest(cluster, video_id):
    body = {"video_id": video_id, "profile_id": PROFILE, "device": {"type": "web", "esn": "a", "drm_capabilities": []}}
    return request("POST", f"http://{address(1)}:8080/api/v1/playback/manifest", body, token=cluster.token(USER))


def test_what_is_no_clip_gets_a_reason(directory):
    with harness.running_cluster(directory) as cluster:
        load_schema()
        text = directory / "words.mp4"
        text.write_text("This is not a film.\n" * 1000)
        empty = directory / "empty.mp4"
        empty.write_bytes(b"")
        cut = directory / "cut.mp4"
        cut.write_bytes((TOOLS / "clips" / "bikes.mp4").read_bytes()[:20_000])
        for clip in (text, empty, cut):
            status, said = encode(cluster, clip, clip.stem)
            expect(status == 1 and len(said.strip()) > 20, f"{clip.name}: exit {status}, {said!r}")
            print(f"        {clip.name}: {said.strip().splitlines()[-1][:140]}", flush=True)
            code, _, _ = manifest(cluster, clip.stem)
            expect(code == 404, f"the manifest of {clip.name} answered {code}")
        status, said = encode(cluster, directory / "gone.mp4", "gone")
        expect(status == 1 and "gone.mp4" in said, f"a missing file: exit {status}, {said!r}")


def test_clips_of_every_shape_become_titles(directory):
    with harness.running_cluster(directory) as cluster:
        load_schema()
        picture = ["-f", "lavfi", "-i"]
        clips = {
            "silent": TOOLS / "clips" / "bikes.mp4",
            "odd-size": make_clip(directory / "odd.mkv", *picture, "testsrc2=s=321x179:r=25:d=3", "-c:v", "ffv1"),
            "ntsc": make_clip(
                directory / "ntsc.mp4", *picture, "testsrc2=s=640x360:r=30000/1001:d=4", *picture, "sine=d=4", "-shortest"
            ),
            "film-ntsc": make_clip(
                directory / "film.mp4", *picture, "testsrc2=s=640x360:r=24000/1001:d=4", *picture, "sine=d=4", "-shortest"
            ),
        }
        for video_id, clip in clips.items():
            status, said = encode(cluster, clip, video_id)
            expect(status == 0, f"{video_id}: exit {status}: {said}")
            code, _, body = manifest(cluster, video_id)
            expect(code == 200, f"the manifest of {video_id} answered {code}: {body[:300]}")
