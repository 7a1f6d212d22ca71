"""test_server.py - requests and answers as they should be: bodies, queries, files, keep-alive,
answers from other threads, the pool, stopping."""
import gzip
import os
import socket
import tempfile
import threading
import time
import unittest

from harness import Server, request, wait_for


class Basics(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.file = tempfile.NamedTemporaryFile()
        cls.content = bytes(i * 7 % 251 for i in range(100_000))
        cls.file.write(cls.content)
        cls.file.flush()
        cls.server = Server(env={"HTTP_TEST_FILE": cls.file.name})

    @classmethod
    def tearDownClass(cls):
        code = cls.server.stop()
        cls.file.close()
        assert code == 0, f"the server ended with {code}"

    def test_every_answer_carries_the_security_headers(self):
        for path in ("/small", "/nowhere", "/login-first", "/pooltwice", "/tagged", "/file"):
            with self.subTest(path):
                answer = self.server.get(path)
                self.assertEqual(answer.header("X-Content-Type-Options"), "nosniff")
                self.assertEqual(answer.header("Referrer-Policy"), "no-referrer")
                self.assertEqual(answer.header("Cross-Origin-Opener-Policy"), "same-origin")
                self.assertIn("default-src", answer.header("Content-Security-Policy"))
                self.assertIsNone(answer.header("Server"))
                self.assertEqual(len(answer.header("X-Request-Id")), 12)

    def test_errors_are_json_with_code_and_request(self):
        answer = self.server.get("/nowhere")
        self.assertEqual(answer.status, 404)
        error = answer.json()["error"]
        self.assertEqual(error["code"], "test.no_route")
        self.assertEqual(error["request"], answer.header("X-Request-Id"))

    def test_refusal_without_a_body_keeps_the_connection(self):
        with self.server.client() as c:
            self.assertEqual(c.get("/login-first").status, 401)
            self.assertEqual(c.get("/small").status, 200)

    def test_small_refused_body_keeps_the_connection(self):
        with self.server.client() as c:
            self.assertEqual(c.post("/login-first", b"x" * 10_000).status, 401)
            self.assertEqual(c.get("/small").status, 200)

    def test_query_and_path_are_decoded_once(self):
        lines = self.server.get("/echo/a%20b%252e?x=1+2&y=%C3%A9%26&empty=&bare").body.decode()
        self.assertIn("path=/echo/a b%2e\n", lines)
        for want in ("arg x=1 2\n", "arg y=é&\n", "arg empty=\n", "arg bare=\n"):
            self.assertIn(want, lines)

    def test_a_hundred_query_keys_arrive(self):
        query = "&".join(f"k{i}={i}" for i in range(100))
        lines = self.server.get(f"/echo?{query}").body.decode()
        self.assertEqual(lines.count("arg k"), 100)

    def test_cookies_and_media_type(self):
        with self.server.client() as c:
            answer = c.post("/echo", b"{}", "Cookie: other=1; sid=abc ; third",
                            "Content-Type: Application/JSON; charset=utf-8", "X-Shown:  yes")
        lines = answer.body.decode()
        self.assertIn("cookie sid=abc\n", lines)
        self.assertIn("media=application/json\n", lines)
        self.assertIn("shown=yes\n", lines)
        self.assertIn("peer=127.0.0.1\n", lines)

    def test_set_cookie_repeats_and_other_headers_do_not(self):
        answer = self.server.get("/cookies")
        self.assertEqual(answer.status, 204)
        self.assertEqual(answer.all("Set-Cookie"), ["a=1", "b=2"])
        self.assertEqual(answer.all("X-Once"), ["second"])

    def test_a_header_with_a_line_end_in_it_is_left_out(self):
        answer = self.server.get("/cookies")
        for name in ("X-Parted", "X-Smuggled", "X-Empty"):
            self.assertEqual(answer.all(name), [])
        self.assertEqual(answer.all("X-Content-Type-Options"), ["nosniff"])

    def test_body_in_pieces(self):
        with self.server.client() as c:
            c.send(request("/echo", "Content-Length: 6", method="POST"))
            for piece in (b"ab", b"cd", b"ef"):
                c.send(piece)
            self.assertIn(b"body=abcdef\n", c.read().body)

    def test_chunked_body(self):
        with self.server.client() as c:
            c.send(request("/echo", "Transfer-Encoding: chunked", method="POST"))
            c.send(b"3\r\nabc\r\n3;ext=1\r\ndef\r\n0\r\nX-Trailer: 1\r\n\r\n")
            lines = c.read().body
        self.assertIn(b"size=6\n", lines)
        self.assertIn(b"body=abcdef\n", lines)

    def test_expect_100_continue(self):
        with self.server.client() as c:
            c.send(request("/echo", "Content-Length: 3", "Expect: 100-continue", method="POST"))
            self.assertEqual(c.read_head()[0], 100)
            c.send(b"abc")
            self.assertIn(b"body=abc\n", c.read().body)

    def test_refused_expectation_is_answered_before_the_body(self):
        with self.server.client() as c:
            c.send(request("/login-first", "Content-Length: 3", "Expect: 100-continue",
                           method="POST"))
            self.assertEqual(c.read().status, 401)
            self.assertTrue(c.closed())

    def test_declared_body_too_large_is_refused_at_once(self):
        with self.server.client() as c:
            c.send(request("/echo", "Content-Length: 100000000", method="POST"))
            answer = c.read()
            self.assertEqual(answer.status, 413)
            self.assertEqual(answer.json()["error"]["code"], "too_large")
            self.assertTrue(c.closed())

    def test_client_that_sends_a_large_refused_body_still_reads_the_answer(self):
        with self.server.client() as c:
            try:
                c.send(request("/echo", "Content-Length: 8000000", method="POST"))
                c.send(b"x" * 4_000_000)
            except (BrokenPipeError, ConnectionResetError):
                pass
            self.assertEqual(c.read().status, 413)

    def test_chunked_body_too_large(self):
        with self.server.client() as c:
            c.send(request("/echo", "Transfer-Encoding: chunked", method="POST"))
            piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
            c.send(piece * 20 + b"0\r\n\r\n")
            self.assertEqual(c.read().status, 413)
            self.assertTrue(c.closed())

    def test_upload_goes_to_a_file(self):
        data = os.urandom(3_000_000)
        total = 5381
        for byte in data:
            total = (total * 33 + byte) & 0xffffffff
        with self.server.client() as c:
            self.assertIn(f"file=3000000 sum={total}\n".encode(), c.post("/upload", data).body)
            self.assertEqual(c.get("/small").status, 200)

    def test_upload_leaves_no_descriptor(self):
        with self.server.client() as c:
            c.post("/upload", b"x" * 1000)
            self.server.wait_stat("connections", 2)
            before = self.server.descriptors()
            for _ in range(20):
                c.post("/upload", b"x" * 1000)
            # the last upload's is closed just after its answer
            wait_for(lambda: self.server.descriptors() <= before, "they are closed")

    def test_client_that_leaves_inside_an_upload(self):
        before = self.server.stats()["done"]
        with self.server.client() as c:
            c.send(request("/upload", "Content-Length: 1000000", method="POST") + b"x" * 1000)
            wait_for(lambda: self.server.stats()["in_flight"] == 2, "the upload has begun")
        wait_for(lambda: self.server.stats()["in_flight"] == 1, "the upload is given up")
        self.assertGreater(self.server.stats()["done"], before)

    def test_head_has_the_length_but_no_body(self):
        for path, size in (("/big", 10240), ("/memory", 10240), ("/file", 100_000)):
            with self.subTest(path), self.server.client() as c:
                answer = c.get(path, method="HEAD")
                self.assertEqual(answer.header("Content-Length"), str(size))
                self.assertEqual(c.get("/small").body, b'{"ok":true}')

    def test_etag(self):
        with self.server.client() as c:
            for tag, status in (('"v7"', 304), ('W/"v7"', 304), ('"a", "v7"', 304), ("*", 304),
                                ('"v8"', 200), ('"v7', 200)):
                with self.subTest(tag):
                    answer = c.get("/tagged", f"If-None-Match: {tag}")
                    self.assertEqual(answer.status, status)
                    self.assertEqual(answer.header("ETag"), '"v7"')

    def test_file(self):
        answer = self.server.get("/file")
        self.assertEqual(answer.body, self.content)
        self.assertEqual(answer.header("Accept-Ranges"), "bytes")
        with self.server.client() as c:
            since = answer.header("Last-Modified")
            self.assertEqual(c.get("/file", f"If-Modified-Since: {since}").status, 304)
            self.assertEqual(c.get("/file", 'If-None-Match: "tag-1"').status, 304)

    def test_ranges(self):
        cases = [
            ("bytes=0-0", 0, 1), ("bytes=10-19", 10, 10), ("bytes=99990-", 99990, 10),
            ("bytes=-7", 99993, 7), ("bytes=99999-200000", 99999, 1), ("bytes=-200000", 0, 100_000),
        ]
        with self.server.client() as c:
            for header, first, size in cases:
                with self.subTest(header):
                    answer = c.get("/file", f"Range: {header}")
                    self.assertEqual(answer.status, 206)
                    self.assertEqual(answer.body, self.content[first:first + size])
                    self.assertEqual(answer.header("Content-Range"),
                                     f"bytes {first}-{first + size - 1}/100000")
            for header in ("bytes=5-4", "bytes=a-b", "lines=1-2", "bytes=0-1,4-5", "bytes="):
                with self.subTest(header):
                    self.assertEqual(c.get("/file", f"Range: {header}").status, 200)
            for header in ("bytes=100000-", "bytes=-0"):
                with self.subTest(header):
                    answer = c.get("/file", f"Range: {header}")
                    self.assertEqual(answer.status, 416)
                    self.assertEqual(answer.header("Content-Range"), "bytes */100000")

    def test_if_range(self):
        with self.server.client() as c:
            date = c.get("/file").header("Last-Modified")
            for value, status in (('"tag-1"', 206), ('"tag-2"', 200), (date, 206),
                                  ("Sun, 01 Jan 2006 00:00:00 GMT", 200)):
                with self.subTest(value):
                    answer = c.get("/file", "Range: bytes=0-9", f"If-Range: {value}")
                    self.assertEqual(answer.status, status)

    def test_gzip_for_those_who_take_it(self):
        plain = self.server.get("/big")
        self.assertIsNone(plain.header("Content-Encoding"))
        self.assertEqual(plain.header("Vary"), "Accept-Encoding")
        for path in ("/big", "/poolbig"):
            answer = self.server.get(path, "Accept-Encoding: br, gzip;q=0.5")
            self.assertEqual(answer.header("Content-Encoding"), "gzip")
            self.assertEqual(gzip.decompress(answer.body), plain.body)
        for refuse in ("gzip;q=0", "br", "identity", "gzip;q=0.0, br"):
            answer = self.server.get("/big", f"Accept-Encoding: {refuse}")
            self.assertIsNone(answer.header("Content-Encoding"))
        self.assertIsNone(self.server.get("/small", "Accept-Encoding: gzip").header("Vary"))

    def test_pipelined_requests_are_answered_in_order(self):
        with self.server.client() as c:
            paths = ["/small", "/later", "/pool", "/big", "/overrun", "/poollater"] * 5
            c.send(b"".join(request(p) for p in paths))
            bodies = [c.read().body for _ in paths]
        self.assertEqual(bodies[0], b'{"ok":true}')
        self.assertEqual(bodies[1], b'{"later":true}')
        self.assertEqual(len(bodies[3]), 10240)
        self.assertEqual(bodies[:6] * 5, bodies)

    def test_http_1_0_closes_unless_asked(self):
        with self.server.client() as c:
            c.send(b"GET /small HTTP/1.0\r\n\r\n")
            c.read()
            self.assertTrue(c.closed())
        with self.server.client() as c:
            c.send(b"GET /small HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            c.read()
            self.assertEqual(c.get("/small").status, 200)

    def test_half_closed_client_gets_its_answer(self):
        for path in ("/small", "/pool", "/later"):
            with self.subTest(path), self.server.client() as c:
                c.send(request(path))
                c.sock.shutdown(socket.SHUT_WR)
                self.assertEqual(c.read().status, 200)
                self.assertTrue(c.closed(), "and its connection ends")

    def test_overrun_goes_to_the_pool_and_leaves_nothing_behind(self):
        answer = self.server.get("/overrun")
        self.assertEqual(answer.body, b"whole")
        self.assertIsNone(answer.header("X-Left-Over"))

    def test_many_connections_and_all_kinds_of_answers_at_once(self):
        paths = ["/small", "/later", "/pool", "/poollater", "/overrun", "/poolbig", "/huge?mb=1"]
        want = {p: self.server.get(p).body for p in paths}
        wrong = []

        def work(seed):
            try:
                with self.server.client() as c:
                    for i in range(60):
                        path = paths[(i * 7 + seed) % len(paths)]
                        if c.get(path).body != want[path]:
                            wrong.append(path)
            except Exception as e:  # pylint: disable=broad-except
                wrong.append(repr(e))

        threads = [threading.Thread(target=work, args=(n,)) for n in range(16)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(wrong, [])
        self.server.wait_stat("in_flight", 1)


class BehindProxy(unittest.TestCase):
    def peer(self, server, *headers):
        lines = server.get("/echo", *headers).body.decode().split("\n")
        return next(line[5:] for line in lines if line.startswith("peer="))

    def test_client_of_a_proxy_on_this_machine_is_known_by_the_last_address(self):
        with Server(behind_proxy=1) as server:
            for told, peer in (("203.0.113.9", "203.0.113.9"), ("2001:db8::7", "2001:db8::7"),
                               ("10.0.0.1, 203.0.113.9", "203.0.113.9"),
                               ("203.0.113.9, <script>", "127.0.0.1"), ("", "127.0.0.1"),
                               ("unknown", "127.0.0.1")):
                with self.subTest(told):
                    self.assertEqual(self.peer(server, f"X-Forwarded-For: {told}"), peer)
            self.assertEqual(self.peer(server), "127.0.0.1")
            self.assertEqual(server.get("/echo", "X-Forwarded-For: 1.1.1.1",
                                        "X-Forwarded-For: 2.2.2.2").status, 400)

    def test_each_request_of_a_connection_tells_whose_it_is(self):
        with Server(behind_proxy=1) as server, server.client() as c:
            for told, peer in (("X-Forwarded-For: 203.0.113.9", "203.0.113.9"), ("X-Forwarded-For: 203.0.113.10", "203.0.113.10"),
                               ("Accept: */*", "127.0.0.1")):
                self.assertIn(f"\npeer={peer}\n", c.get("/echo", told).body.decode())

    def test_without_a_proxy_nobody_is_believed(self):
        with Server() as server:
            self.assertEqual(self.peer(server, "X-Forwarded-For: 203.0.113.9"), "127.0.0.1")


class Streams(unittest.TestCase):
    def chunks(self, c, n):
        got = []
        while len(got) < n:
            while b"\r\n" not in c.rest:
                self.assertTrue(c.more(), "closed inside a stream")
            size, c.rest = c.rest.split(b"\r\n", 1)
            while len(c.rest) < int(size, 16) + 2:
                self.assertTrue(c.more(), "closed inside a chunk")
            got.append(c.rest[:int(size, 16)])
            c.rest = c.rest[int(size, 16) + 2:]
        return got

    def test_events_arrive_as_they_are_written(self):
        with Server() as server:
            for path in ("/events?n=5", "/poolevents?n=5"):
                with server.client() as c:
                    c.send(request(path))
                    self.assertEqual(c.read_head()[0], 200)
                    text = b""
                    while not text.endswith(b"data: 4\n\n"):
                        text += self.chunks(c, 1)[0]
                    self.assertEqual(self.chunks(c, 1), [b""], "the stream ends")
                    self.assertEqual(c.get("/small").status, 200, "the connection stays")
            server.wait_stat("tickers", 0)

    def test_writer_learns_that_the_client_has_gone(self):
        with Server() as server:
            clients = [server.client() for _ in range(10)]
            for c in clients:
                c.send(request("/events"))
                self.assertEqual(c.read_head()[0], 200)
            server.wait_stat("tickers", 10)
            for c in clients:
                c.close()
            server.wait_stat("tickers", 0)
            server.wait_stat("in_flight", 1)

    def test_stream_outlives_every_time_limit(self):
        with Server(header_ms=1000, idle_ms=1000, body_ms=1000) as server, server.client() as c:
            c.send(request("/events"))
            c.read_head()
            text = b""
            while b"data: 1500\n\n" not in text:
                text += self.chunks(c, 1)[0]

    def test_replaced_stream(self):
        with Server() as server:
            self.assertEqual(server.get("/events/failed").status, 409)

    def test_head_of_a_stream_has_no_body(self):
        with Server() as server, server.client() as c:
            self.assertEqual(c.get("/events", method="HEAD").status, 200)
            self.assertEqual(c.get("/small").status, 200)
            server.wait_stat("tickers", 0)

    def test_client_that_does_not_read_loses_its_stream(self):
        with Server() as server, server.client() as c:
            c.send(request("/events/flood"))
            try:
                while c.more():
                    pass
            except ConnectionResetError:
                pass
            server.wait_stat("in_flight", 1)

    def test_stopping_ends_streams_at_once(self):
        server = Server(grace_ms=20000)
        with server.client() as c:
            c.send(request("/events"))
            c.read_head()
            server.terminate()
            while self.chunks(c, 1) != [b""]:
                pass
            self.assertEqual(server.stop(), 0)


class Pool(unittest.TestCase):
    def test_full_queue_answers_503_with_retry_after(self):
        with Server(pool=1, queue=2) as server:
            clients = [server.client() for _ in range(5)]
            for n, c in enumerate(clients[:3]):  # one runs, two wait
                c.send(request("/hold"))
                wait_for(lambda n=n: server.stats()["in_flight"] == n + 2, "it is in flight")
                server.wait_stat("running", 1)
            answers = [c.get("/pool") for c in clients[3:]]
            self.assertEqual([a.status for a in answers], [503, 503])
            self.assertEqual(answers[0].header("Retry-After"), "1")
            self.assertEqual(server.get("/small").status, 200, "quick routes do not wait")
            for _ in range(3):
                wait_for(lambda: server.get("/release") and not server.stats()["running"] or
                         server.stats()["in_flight"] < 4, "released")
            wait_for(lambda: server.get("/release") and server.stats()["in_flight"] == 1, "all end")
            self.assertEqual([c.read().status for c in clients[:3]], [200, 200, 200])
            for c in clients:
                c.close()

    def test_handler_sees_that_its_client_has_gone(self):
        with Server(pool=1) as server:
            with server.client() as c:
                c.send(request("/hold"))
                server.wait_stat("running", 1)
            server.wait_stat("running", 0)
            self.assertEqual(server.get("/pool").status, 200)

    def test_handler_sees_its_deadline(self):
        with Server(pool=1) as server:
            self.assertEqual(server.get("/hold?ms=100").body, b"gone")

    def test_waiting_past_the_deadline_is_answered_503(self):
        with Server(pool=1) as server, server.client() as first, server.client() as second:
            first.send(request("/hold"))
            server.wait_stat("running", 1)
            second.send(request("/hold?ms=0"))
            server.wait_stat("queued", 1)
            server.get("/release")
            self.assertEqual(first.read().body, b"released")
            self.assertEqual(second.read().status, 503)


class Stopping(unittest.TestCase):
    def test_requests_in_flight_finish_and_idle_connections_end(self):
        server = Server(grace_ms=20000)
        idle, busy = server.client(), server.client()
        self.assertEqual(idle.get("/small").status, 200)
        busy.send(request("/hold"))
        server.wait_stat("running", 1)
        server.terminate()
        self.assertTrue(idle.closed())
        # the deadline of /hold is far away; only losing its client can end it before the grace
        busy.sock.shutdown(socket.SHUT_WR)
        answer = busy.read()
        self.assertEqual(answer.body, b"gone")
        self.assertEqual(answer.header("Connection"), "close")
        self.assertEqual(server.stop(), 0)
        idle.close()
        busy.close()

    def test_new_connections_are_not_taken_but_stay_with_the_listening_socket(self):
        server = Server(grace_ms=20000)
        busy = server.client()
        busy.send(request("/hold"))
        server.wait_stat("running", 1)
        server.terminate()
        late = None
        wait_for(lambda: not self.answered(server), "the server stops taking connections")
        late = server.client()  # the kernel accepts it for whoever listens next
        late.close()
        busy.close()
        self.assertEqual(server.stop(), 0)

    @staticmethod
    def answered(server):
        with server.client() as c:
            c.sock.settimeout(0.3)
            try:
                return c.get("/small").status == 200
            except (OSError, EOFError):
                return False

    def test_after_the_grace_handlers_are_told_to_give_up(self):
        server = Server(grace_ms=50)
        with server.client() as c:
            c.send(request("/hold"))
            server.wait_stat("running", 1)
            self.assertEqual(server.stop(), 0)

    def test_under_load_no_begun_request_is_lost(self):
        server = Server(grace_ms=20000)
        stop, lost, refused, answers = threading.Event(), [], [], [0]

        def work():
            while not stop.is_set():
                try:
                    c = server.client()
                except OSError:
                    return
                c.sock.settimeout(3)
                try:
                    while not stop.is_set():
                        c.send(request("/later"))
                        got = c.more()
                        if not got:
                            break  # closed between two requests
                        if b" 503 " in c.rest:
                            refused.append(c.rest)
                            return
                        while b"{\"later\":true}" not in c.rest:
                            if not c.more():
                                lost.append(c.rest)
                                return
                        c.rest = b""
                        answers[0] += 1
                except OSError:
                    pass  # sent into a connection that had just been closed
                finally:
                    c.close()

        threads = [threading.Thread(target=work) for _ in range(8)]
        for t in threads:
            t.start()
        wait_for(lambda: answers[0] > 500, "some traffic")
        server.terminate()
        self.assertEqual(server.wait(), 0)
        stop.set()
        for t in threads:
            t.join()
        server.stop()
        self.assertEqual(lost, [])
        self.assertEqual(refused, [], "a kept connection is served or closed, never sent away")

    def test_who_asks_on_a_kept_connection_in_that_moment_is_not_sent_away(self):
        refused = []

        def work(c, pause):
            try:
                while c.get("/small").status != 503:
                    time.sleep(pause)
                refused.append(pause)
            except (OSError, EOFError):
                pass  # closed between two requests

        for _ in range(40):  # one in ten met the moment
            server = Server(grace_ms=20000)
            clients = [server.client() for _ in range(3)]
            threads = [threading.Thread(target=work, args=(c, 0.0003 * n)) for n, c in enumerate(clients, 1)]
            for t in threads:
                t.start()
            wait_for(lambda: server.stats()["requests"] > 20, "some traffic")
            self.assertEqual(server.stop(), 0)
            for t in threads:
                t.join()
            for c in clients:
                c.close()
        self.assertEqual(refused, [])


class Static(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.TemporaryDirectory()
        root = cls.dir.name
        os.makedirs(f"{root}/assets")
        os.makedirs(f"{root}/.git")
        cls.script = b"console.log('berth');" * 50
        for path, data in (("index.html", b"<!doctype html><title>B</title>"),
                           ("assets/app-1f.js", cls.script),
                           ("assets/app-1f.js.gz", gzip.compress(cls.script)),
                           ("favicon.svg", b"<svg/>"), (".git/config", b"secret"),
                           (".env", b"secret")):
            with open(f"{root}/{path}", "wb") as f:
                f.write(data)
        os.symlink("/etc/passwd", f"{root}/passwd.txt")
        os.symlink("/etc", f"{root}/etc")
        cls.server = Server(env={"HTTP_TEST_UI": root})

    @classmethod
    def tearDownClass(cls):
        code = cls.server.stop()
        cls.dir.cleanup()
        assert code == 0, f"the server ended with {code}"

    def test_pages_of_the_router_are_index_html(self):
        for path in ("/ui/", "/ui/leads", "/ui/leads/7", "/ui/index.html"):
            with self.subTest(path):
                answer = self.server.get(path)
                self.assertEqual((answer.status, answer.body),
                                 (200, b"<!doctype html><title>B</title>"))
                self.assertEqual(answer.header("Cache-Control"), "no-cache")
                self.assertIn("script-src 'self'", answer.header("Content-Security-Policy"))
                self.assertEqual(len(answer.all("Content-Security-Policy")), 1)

    def test_assets_never_change(self):
        answer = self.server.get("/ui/assets/app-1f.js")
        self.assertEqual(answer.body, self.script)
        self.assertEqual(answer.header("Content-Type"), "text/javascript; charset=utf-8")
        self.assertIn("immutable", answer.header("Cache-Control"))

    def test_compressed_form(self):
        plain = self.server.get("/ui/assets/app-1f.js")
        answer = self.server.get("/ui/assets/app-1f.js", "Accept-Encoding: gzip, br")
        self.assertEqual(answer.header("Content-Encoding"), "gzip")
        self.assertEqual(answer.header("Vary"), "Accept-Encoding")
        self.assertEqual(gzip.decompress(answer.body), self.script)
        self.assertNotEqual(answer.header("ETag"), plain.header("ETag"))
        tag = answer.header("ETag")
        again = self.server.get("/ui/assets/app-1f.js", "Accept-Encoding: gzip",
                                f"If-None-Match: {tag}")
        self.assertEqual(again.status, 304)

    def test_what_is_not_there(self):
        for path in ("/ui/assets/gone.js", "/ui/gone.png", "/ui/assets/", "/ui/.env",
                     "/ui/.git/config", "/ui/passwd.txt", "/ui/etc/hosts.conf", "/ui/assets/app"):
            with self.subTest(path):
                answer = self.server.get(path)
                self.assertEqual(answer.status, 404)
                self.assertNotIn(b"secret", answer.body)

    def test_only_get_and_head(self):
        with self.server.client() as c:
            answer = c.post("/ui/index.html", b"x")
            self.assertEqual((answer.status, answer.header("Allow")), (405, "GET, HEAD"))
            self.assertEqual(c.get("/ui/favicon.svg", method="HEAD").header("Content-Type"),
                             "image/svg+xml")

    def test_without_a_build_a_page_says_so(self):
        with Server(env={"HTTP_TEST_UI": self.dir.name + "/nowhere"}) as server:
            answer = server.get("/ui/")
            self.assertEqual(answer.status, 503)
            self.assertIn(b"./dev build", answer.body)


if __name__ == "__main__":
    unittest.main()
