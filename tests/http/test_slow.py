"""test_slow.py - slow and many clients: each is cut off in time and hurts nobody else.  Limits are
set low so that the waits are short; nothing is asserted about how long they take."""
import socket
import time
import unittest

from harness import Server, request, wait_for


def drained(c):
    """Reads until the server ends the connection; what came."""
    got = b""
    try:
        while piece := c.sock.recv(65536):
            got += piece
    except ConnectionResetError:
        pass
    return got


def dribble(c, data, pause=0.05):
    """Sends byte after byte until the server gives up; True when it did before all was sent."""
    try:
        for i in range(len(data)):
            c.send(data[i:i + 1])
            time.sleep(pause)
    except OSError:
        return True
    return False


class Slow(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server(header_ms=3000, idle_ms=60000, body_ms=1500, min_rate=100_000_000)

    @classmethod
    def tearDownClass(cls):
        code = cls.server.stop()
        assert code == 0, f"the server ended with {code}"

    def test_dribbled_first_header_gets_408(self):
        with self.server.client() as c:
            self.assertTrue(dribble(c, request("/small", "X-A: " + "a" * 500)))
            self.assertIn(b" 408 ", drained(c) or b" 408 ")

    def test_half_a_header_gets_408(self):
        with self.server.client() as c:
            c.send(request("/small")[:-2])
            answer = c.read()
            self.assertEqual((answer.status, answer.json()["error"]["code"]), (408, "timeout"))

    def test_silence_is_ended(self):
        with self.server.client() as c:
            self.assertEqual(drained(c), b"")

    def test_dribbled_later_header_is_cut_off(self):
        with self.server.client() as c:
            c.get("/small")
            c.send(b"GET /small HTTP/1.1\r\n")
            self.assertTrue(dribble(c, b"X-A: " + b"a" * 500))

    def test_dribbled_later_request_line_is_cut_off(self):
        with self.server.client() as c:
            c.get("/small")
            self.assertTrue(dribble(c, b"GET /" + b"a" * 400, 0.02))

    def test_idle_connection_is_ended(self):
        with Server(idle_ms=1000) as server, server.client() as c:
            c.get("/small")
            self.assertEqual(drained(c), b"")

    def test_idle_connection_outlives_the_header_time(self):
        with self.server.client() as c:
            c.get("/small")
            time.sleep(4)
            self.assertEqual(c.get("/small").status, 200)

    def test_dribbled_body_is_cut_off(self):
        with self.server.client() as c:
            c.send(request("/echo", "Content-Length: 1000", method="POST"))
            self.assertTrue(dribble(c, b"x" * 500))

    def test_body_at_a_fair_speed_may_take_longer_than_the_grace(self):
        with Server(body_ms=400, min_rate=5_000) as server, server.client() as c:
            # the first half buys twenty seconds: a machine that pauses must not make it too slow
            c.send(request("/echo", "Content-Length: 200000", method="POST") + b"x" * 100_000)
            for _ in range(20):
                time.sleep(0.05)
                c.send(b"x" * 5_000)
            self.assertEqual(c.read().status, 200)

    def test_client_that_does_not_read_is_cut_off(self):
        before = self.server.stats()["timed_out"]
        with socket.socket() as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            s.connect(("127.0.0.1", self.server.port))
            s.sendall(request("/huge?mb=64"))
            wait_for(lambda: self.server.stats()["timed_out"] > before, "it is cut off")
        wait_for(lambda: self.server.stats()["in_flight"] == 1, "its request is ended")

    def test_slow_clients_do_not_hurt_others(self):
        with Server(header_ms=60000) as server:
            slow = [server.client() for _ in range(300)]
            for n, c in enumerate(slow):
                if n % 3 == 0:
                    c.send(b"GET /small HTTP/1.1\r\nHost: a\r\nX-")
                elif n % 3 == 1:
                    c.send(request("/echo", "Content-Length: 10", method="POST") + b"x")
            for _ in range(50):
                self.assertEqual(server.get("/pool").status, 200)
            for c in slow:
                c.close()
            server.wait_stat("connections", 1)


class Many(unittest.TestCase):
    def test_connections_beyond_the_limit_get_503(self):
        with Server(connections=10) as server:
            first = [server.client() for _ in range(10)]
            for c in first:
                self.assertEqual(c.get("/small").status, 200)
            with server.client() as c:
                answer = c.read()
                self.assertEqual(answer.status, 503)
                self.assertEqual(answer.json()["error"]["code"], "connections")
                self.assertEqual(answer.header("Retry-After"), "2")
                self.assertEqual(answer.header("Connection"), "close")
            for c in first:
                self.assertEqual(c.get("/small").status, 200)
                c.close()

            def again():
                with server.client() as c:
                    c.send(request("/small"))
                    return c.read().status == 200

            wait_for(again, "there is room again")

    def test_one_address_has_a_limit(self):
        with Server(per_address=5) as server:
            first = [server.client() for _ in range(5)]
            for c in first:
                self.assertEqual(c.get("/small").status, 200)
            with server.client() as c:
                self.assertEqual(c.read().status, 503)
            first.pop().close()

            def again():
                with server.client() as c:
                    c.send(request("/small"))
                    return c.read().status == 200

            wait_for(again, "its place is free again")
            for c in first:
                c.close()

    def test_without_descriptors_left_it_turns_away_and_recovers(self):
        with Server(files=64) as server:
            clients, refused = [], 0
            for _ in range(100):
                c = server.client()
                c.send(request("/small"))
                try:
                    refused += c.read().status == 503
                except (EOFError, ConnectionResetError):
                    refused += 1  # out of room for a gentle farewell
                clients.append(c)
            self.assertGreater(refused, 30)
            self.assertLess(refused, 100)
            for c in clients:
                c.close()

            def again():
                with server.client() as c:
                    c.send(request("/small"))
                    try:
                        return c.read().status == 200
                    except (EOFError, ConnectionResetError):
                        return False

            wait_for(again, "there is room again")

    def test_connections_come_and_go_without_leaking(self):
        with Server() as server:
            server.get("/small")
            server.wait_stat("connections", 1)
            before = server.descriptors()
            for _ in range(20):
                some = [server.client() for _ in range(20)]
                for n, c in enumerate(some):
                    if n % 2:
                        c.send(request("/later"))
                for c in some:
                    c.close()
            server.wait_stat("connections", 1)
            wait_for(lambda: server.descriptors() <= before + 2, "descriptors are given back")


if __name__ == "__main__":
    unittest.main()
