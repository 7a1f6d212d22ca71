"""The supervisor: crashes, upgrades, stops, and who gets the blame."""
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from server import BUILD, PATIENCE, Server, is_gone, wait_until


class Clients:
    """Threads that ask without pause, each request over a new connection, and note how it went."""

    def __init__(self, server, n=4, path="/"):
        self.server, self.path = server, path
        self.answers, self.refused, self.broken, self.slowest = [], [], [], 0.0
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self.ask) for _ in range(n)]

    def ask(self):
        while not self.over.is_set():
            began = time.monotonic()
            try:
                self.answers.append(self.server.get(self.path))
                self.slowest = max(self.slowest, time.monotonic() - began)
            except ConnectionRefusedError as e:
                self.refused.append(e)
            except Exception as e:
                self.broken.append(e)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()


def test_a_killed_worker_is_replaced_and_no_client_is_refused(stub):
    server = stub()
    times = []
    with Clients(server) as clients:
        for _ in range(5):
            old = server.worker()
            asked = len(clients.answers)
            wait_until(lambda: len(clients.answers) > asked, "traffic")
            began = time.monotonic()
            os.kill(old, signal.SIGKILL)

            def answered_by_another():
                try:
                    return server.worker() != old
                except ConnectionResetError:  # accepted by the worker that was killed
                    return False
            wait_until(answered_by_another, "another worker")
            times.append(time.monotonic() - began)
    print("kill -9 to the next answer, ms:", [round(t * 1000) for t in times])
    assert clients.refused == []
    assert server.stop() == 0


def test_a_stop_lets_the_request_under_way_finish(stub):
    server = stub()
    answers = []
    slow = threading.Thread(target=lambda: answers.append(server.get("/slow/700")))
    worker = server.worker()
    slow.start()
    wait_until((server.data / "slow").exists, "the slow request to arrive")
    server.signal(signal.SIGTERM)
    slow.join()
    assert answers == [str(worker)]
    assert server.wait() == 0
    assert is_gone(worker)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port))


def test_a_worker_that_does_not_stop_is_killed_and_a_second_signal_does_not_wait(stub):
    server = stub("--stop-timeout", "1h")
    slow = threading.Thread(target=lambda: server.provoke("/slow/600000"))
    worker = server.worker()
    slow.start()
    wait_until((server.data / "slow").exists, "the slow request to arrive")
    server.signal(signal.SIGTERM)
    wait_until(lambda: server.has_logged("stopping"), "the stop to begin")
    assert server.process.poll() is None
    server.signal(signal.SIGTERM)
    assert server.wait() == 1
    slow.join()
    assert is_gone(worker)


@pytest.mark.parametrize("how", ["signal", "command"])
def test_an_upgrade_under_load_refuses_and_breaks_no_request(stub, how):
    server = stub()
    workers = [server.worker()]
    with Clients(server) as clients:
        for _ in range(5):
            asked = len(clients.answers)
            wait_until(lambda: len(clients.answers) > asked, "traffic")
            if how == "signal":
                server.signal(signal.SIGUSR2)
            else:
                done = server.run("upgrade")
                assert done.returncode == 0, done.stderr
                assert f"has taken over from {workers[-1]}" in done.stdout
            wait_until(lambda: server.worker() != workers[-1], "the new worker")
            workers.append(server.worker())
            wait_until(lambda: is_gone(workers[-2]), "the old worker to leave")
    print("slowest answer during upgrades, ms:", round(clients.slowest * 1000))
    assert clients.refused == [] and clients.broken == []
    assert set(clients.answers) <= {str(w) for w in workers}
    assert not server.has_logged("two writers")
    assert server.stop() == 0


def test_an_upgrade_runs_the_program_that_is_on_disk_now(tmp_path):
    program = tmp_path / "berth"
    shutil.copy(BUILD / "tests/ops/berth-stub", program)
    server = Server(program, tmp_path / "data")
    old = server.worker()
    inode = program.stat().st_ino
    shutil.copy(BUILD / "tests/ops/berth-stub", tmp_path / "new")
    os.rename(tmp_path / "new", program)
    assert program.stat().st_ino != inode
    assert server.run("upgrade").returncode == 0
    assert os.stat(f"/proc/{server.worker()}/exe").st_ino == program.stat().st_ino
    assert server.worker() != old
    assert server.stop() == 0


def test_an_upgrade_to_a_worker_that_does_not_load_leaves_the_old_one_at_work(stub):
    server = stub()
    old = server.worker()
    (server.data / "refuse").write_text("plugin leads wants a newer host")
    done = server.run("upgrade")
    assert done.returncode == 1
    assert "the new worker failed: plugin leads wants a newer host" in done.stderr
    assert server.worker() == old
    (server.data / "refuse").unlink()
    assert server.run("upgrade").returncode == 0
    assert server.worker() != old
    assert server.stop() == 0


def test_an_upgrade_whose_worker_fails_after_the_handover_says_so(stub):
    server = stub()
    (server.data / "stumble").write_text("")
    done = server.run("upgrade")
    assert done.returncode == 1 and "the new worker failed" in done.stderr
    (server.data / "stumble").unlink()
    wait_until(server.worker, "a worker that opens the database")
    assert server.stop() == 0


@pytest.mark.parametrize("kind, name, path", [
    ("plugin", "leads", "/crash/leads"),
    ("plugin", "leads", "/overflow/leads"),
    ("script", "leads.release_days.lua", "/script/leads.release_days.lua"),
])
def test_after_three_crashes_the_culprit_is_left_out_and_named(stub, kind, name, path):
    server = stub()
    for i in range(3):
        assert server.get("/left-out") == ""
        old = server.worker()
        server.provoke(path)
        wait_until(lambda: is_gone(old), "the crash")
        wait_until(server.worker, "the next worker")
    assert server.get("/left-out") == f"{kind}:{name}\n"
    assert server.has_logged(f"{kind} {name} is left out from now on after 3 crashes")
    listed = server.run("quarantine")
    assert listed.returncode == 0 and listed.stdout.startswith(f"{kind} {name} since 2")
    assert f"left out     {kind} {name} since" in server.run("health").stdout

    assert server.run("quarantine", "--lift", name).returncode == 0
    assert server.run("upgrade").returncode == 0
    assert server.get("/left-out") == ""
    assert server.stop() == 0


def test_the_quarantine_outlives_the_server(stub):
    server = stub()
    for _ in range(3):
        old = server.worker()
        server.provoke("/crash/leads")
        wait_until(lambda: is_gone(old), "the crash")
    wait_until(server.worker, "the next worker")
    assert server.stop() == 0
    server = stub()
    assert server.get("/left-out") == "plugin:leads\n"
    assert server.stop() == 0


def test_crashes_that_name_nobody_or_base_leave_nothing_out(stub):
    server = stub()
    for path in ["/abort", "/crash/base"] * 3:
        old = server.worker()
        server.provoke(path)
        wait_until(lambda: is_gone(old), "the crash")
    assert server.get("/left-out") == ""
    assert not (server.data / "quarantine").exists()
    assert server.stop() == 0


def test_a_crash_leaves_a_backtrace_in_the_log(stub):
    server = stub()
    old = server.worker()
    server.provoke("/crash/leads")
    wait_until(lambda: is_gone(old), "the crash")
    wait_until(server.worker, "the next worker")
    log = server.log()
    assert "worker dies of SIGSEGV in plugin leads; backtrace follows" in log
    assert "berth-stub" in log.split("backtrace follows")[1]
    assert f"worker {old} crashed in plugin leads: SEGV" in log
    assert server.stop() == 0


def test_a_worker_dies_with_its_supervisor_and_a_new_server_can_start_at_once(stub):
    server = stub()
    worker = server.worker()
    server.process.kill()
    successor = stub()
    assert successor.worker() != worker
    assert is_gone(worker)
    assert successor.stop() == 0


def test_two_servers_do_not_share_a_data_directory(stub):
    server = stub()
    second = subprocess.run([server.program, "serve", "--listen", "127.0.0.1:0", "--data", server.data],
                            capture_output=True, text=True)
    assert second.returncode == 1
    assert f"in use by the server with process id {server.process.pid}" in second.stderr
    assert server.stop() == 0


def test_a_server_that_cannot_start_says_why_and_leaves(stub, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data/refuse").write_text("no base plugin")
    server = stub()
    assert server.wait() == 1
    assert server.has_logged("no base plugin") and server.has_logged("the server does not start")


def test_an_address_in_use_is_refused_by_name(stub, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = subprocess.run([BUILD / "berth", "serve", "--listen", address, "--data", tmp_path / "d"],
                              capture_output=True, text=True)
    assert done.returncode == 1
    assert f"cannot listen on {address}: Address already in use" in done.stderr


def test_hup_reloads_live_options_and_a_broken_file_changes_nothing(stub, tmp_path):
    conf = tmp_path / "berth.conf"
    conf.write_text("stop_timeout = 3s\n")
    server = stub("--config", conf)
    worker = server.worker()
    conf.write_text("stop_timeout = 4s\n")
    server.signal(signal.SIGHUP)
    wait_until(lambda: server.has_logged("reloaded, stop_timeout 4000"), "the reload")
    conf.write_text("stop_timeuot = 5s\n")
    server.signal(signal.SIGHUP)
    wait_until(lambda: server.has_logged("did you mean \\\"stop_timeout\\\"?"), "the refusal")
    assert server.worker() == worker
    assert server.stop() == 0


def test_health_tells_of_a_running_server_and_fails_without_one(stub):
    server = stub()
    done = server.run("health")
    assert done.returncode == 0
    assert f"worker       process {server.worker()}, 1 started so far" in done.stdout
    assert f"address      http://127.0.0.1:{server.port}/" in done.stdout
    assert server.stop() == 0
    done = server.run("health")
    assert done.returncode == 1 and "no server runs on" in done.stderr


def test_without_supervisor_the_process_itself_serves_and_stops(stub):
    server = stub("--no-supervisor")
    assert server.worker() == server.process.pid
    assert server.run("health").returncode == 0
    assert server.run("upgrade").returncode == 1
    server.signal(signal.SIGINT)
    assert server.wait() == 0


def test_systemd_is_told_when_the_server_is_ready(stub, tmp_path):
    path = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(path)
        listener.settimeout(PATIENCE)
        server = stub(env={"NOTIFY_SOCKET": path})
        assert listener.recv(100) == b"READY=1"
        assert server.stop() == 0
        assert listener.recv(100) == b"STOPPING=1"
