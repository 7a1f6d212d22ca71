"""test_malformed.py - malformed and smuggling-shaped requests are refused, clearly and for good.

Each shape is sent as the first request of a connection, in one piece and byte by byte, and as the
second one.  Every first one must get a 4xx or 5xx with our JSON and `Connection: close`.  Of the
second ones a few (OWN_PAGE) are found by libmicrohttpd before we see them and get its HTML page or
no answer; they, too, must never reach a handler and must end the connection."""
import unittest

from harness import Server, request

POST = b"POST /echo HTTP/1.1\r\nHost: a\r\n"
GET = b"GET /small HTTP/1.1\r\n"
HOST = b"Host: a\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


def get(target):
    return b"GET " + target + b" HTTP/1.1\r\n" + HOST + b"\r\n"


SHAPES = {
    # lengths: what two servers could understand differently
    "length and chunked": (400, POST + b"Content-Length: 5\r\n" + CHUNKED + b"\r\n0\r\n\r\n"),
    "chunked and length": (400, POST + CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n"),
    "two lengths": (400, POST + b"Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello"),
    "two equal lengths": (400, POST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
    "length list": (400, POST + b"Content-Length: 5, 5\r\n\r\nhello"),
    "length with plus": (400, POST + b"Content-Length: +5\r\n\r\nhello"),
    "negative length": (400, POST + b"Content-Length: -5\r\n\r\nhello"),
    "hex length": (400, POST + b"Content-Length: 0x5\r\n\r\nhello"),
    "empty length": (400, POST + b"Content-Length:\r\n\r\nhello"),
    "length with blank": (400, POST + b"Content-Length: 5 \r\n\r\nhello"),
    "overflowing length": (400, POST + b"Content-Length: 18446744073709551621\r\n\r\nhello"),
    "unknown coding": (400, POST + b"Transfer-Encoding: gzip\r\n\r\n"),
    "coding list": (400, POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    "coding lookalike": (400, POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    "identity": (400, POST + b"Transfer-Encoding: identity\r\n\r\n"),
    "vertical tab": (400, POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n"),
    "blank before colon": (400, POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
    "two codings": (400, POST + CHUNKED + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n"),
    "chunked in 1.0": (400, b"POST /echo HTTP/1.0\r\n" + CHUNKED + b"\r\n0\r\n\r\n"),
    "body on GET": (400, GET + HOST + b"Content-Length: 3\r\n\r\nabc"),
    # headers
    "two hosts": (400, GET + b"Host: a\r\nHost: b\r\n\r\n"),
    "no host": (400, GET + b"\r\n"),
    "empty host": (400, GET + b"Host:\r\n\r\n"),
    "host with path": (400, GET + b"Host: a/b\r\n\r\n"),
    "host with user": (400, GET + b"Host: a@b\r\n\r\n"),
    "NUL in value": (400, GET + HOST + b"X-A: a\0b\r\n\r\n"),
    "NUL in name": (400, GET + HOST + b"X\0-A: ab\r\n\r\n"),
    "NUL hides a header": (400, GET + HOST + b"X-A: a\0\r\nX-B: b\r\n\r\n"),
    "folded line": (400, GET + HOST + b"X-A: a\r\n b\r\n\r\n"),
    "folded header": (400, GET + HOST + b"X-A: a\r\n\tTransfer-Encoding: chunked\r\n\r\n"),
    "folded first line": (400, GET + b" X-A: a\r\n" + HOST + b"\r\n"),
    "empty name": (400, GET + HOST + b": a\r\n\r\n"),
    "no colon": (400, GET + HOST + b"garbage\r\n\r\n"),
    "blank in name": (400, GET + HOST + b"X A: a\r\n\r\n"),
    "control character": (400, GET + HOST + b"X-A: a\x01b\r\n\r\n"),
    "DEL": (400, GET + HOST + b"X-A: a\x7fb\r\n\r\n"),
    "bare CR": (400, GET + HOST + b"X-A: a\rb\r\n\r\n"),
    "bare LF": (400, b"GET /small HTTP/1.1\nHost: a\n\n"),
    "one bare LF": (400, GET + b"Host: a\n\r\n"),
    "two authorizations": (400, GET + HOST + b"Authorization: a\r\nAuthorization: b\r\n\r\n"),
    "two cookies": (400, GET + HOST + b"Cookie: a=1\r\nCookie: b=2\r\n\r\n"),
    "odd expectation": (417, POST + b"Expect: cake\r\nContent-Length: 0\r\n\r\n"),
    "101 headers": (431, GET + HOST + b"X-A: 1\r\n" * 100 + b"\r\n"),
    "2000 headers": (431, GET + HOST + b"X-A: 1\r\n" * 2000 + b"\r\n"),
    "20 KB header": (431, GET + HOST + b"X-A: " + b"a" * 20000 + b"\r\n\r\n"),
    "200 KB header": (431, GET + HOST + b"X-A: " + b"a" * 200000 + b"\r\n\r\n"),
    # request line
    "TRACE": (501, b"TRACE /small HTTP/1.1\r\n" + HOST + b"\r\n"),
    "CONNECT": (501, b"CONNECT a:443 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "unknown method": (501, b"FOO /small HTTP/1.1\r\n" + HOST + b"\r\n"),
    "lower case method": (501, b"get /small HTTP/1.1\r\n" + HOST + b"\r\n"),
    "HTTP/1.2": (505, b"GET /small HTTP/1.2\r\n" + HOST + b"\r\n"),
    "HTTP/2.0": (505, b"GET /small HTTP/2.0\r\n" + HOST + b"\r\n"),
    "HTTP/2 preface": (505, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "not HTTP": (505, b"GET /small HTTPX/1.1\r\n" + HOST + b"\r\n"),
    "no version": (400, b"GET /small\r\n\r\n"),
    "two blanks": (400, b"GET  /small HTTP/1.1\r\n" + HOST + b"\r\n"),
    "blank in target": (400, b"GET /sm all HTTP/1.1\r\n" + HOST + b"\r\n"),
    "tabs": (400, b"GET\t/small\tHTTP/1.1\r\n" + HOST + b"\r\n"),
    "TLS": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
    # targets
    "absolute target": (400, get(b"http://evil/small")),
    "star target": (400, b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n"),
    "no slash": (400, get(b"small")),
    "fragment": (400, get(b"/small#x")),
    "dot dot": (400, get(b"/a/../small")),
    "trailing dot dot": (400, get(b"/a/..")),
    "dot": (400, get(b"/./small")),
    "encoded dots": (400, get(b"/%2e%2e/etc")),
    "encoded slash": (400, get(b"/a%2fsmall")),
    "dots and encoded slash": (400, get(b"/..%2Fetc")),
    "double slash": (400, get(b"//small")),
    "backslash": (400, get(b"/a\\b")),
    "encoded backslash": (400, get(b"/a%5cb")),
    "encoded NUL": (400, get(b"/small%00")),
    "encoded newline": (400, get(b"/small%0a")),
    "broken escape": (400, get(b"/sm%zzall")),
    "escape at the end": (400, get(b"/sm%4")),
    "overlong UTF-8": (400, get(b"/%c0%ae")),
    "invalid UTF-8": (400, get(b"/sm%ff")),
    "surrogate": (400, get(b"/%ed%a0%80")),
    "NUL in path": (400, get(b"/sma\0ll")),
    "NUL in query": (400, get(b"/small?a=\0b")),
    "encoded NUL in query": (400, get(b"/small?a=%00b")),
    "repeated key": (400, get(b"/small?a=1&a=2")),
    "repeated key, encoded": (400, get(b"/small?a=1&%61=2")),
    "key without name": (400, get(b"/small?=1")),
    "500 keys": (400, get(b"/small?" + b"&".join(b"k%d=1" % i for i in range(500)))),
    "100 KB target": (414, get(b"/" + b"a" * 100000)),
}

# Seen by libmicrohttpd alone when they are not the first request of a connection.
OWN_PAGE = {
    "length list", "length with plus", "negative length", "hex length", "empty length",
    "length with blank", "overflowing length", "NUL in name", "no colon", "2000 headers",
    "200 KB header", "HTTP/2.0", "HTTP/2 preface", "not HTTP", "no version", "tabs", "TLS",
    "100 KB target",
}

BAD_CHUNKS = {
    "not hex": b"zz\r\nhello\r\n0\r\n\r\n",
    "negative": b"-1\r\nhello\r\n0\r\n\r\n",
    "overflow": b"fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
    "no end of chunk": b"5\r\nhelloXX0\r\n\r\n",
}

FINE = {
    "no blank behind the colon": GET + b"Host:a\r\nX-Shown:b\r\n\r\n",
    "blanks around a value": GET + b"Host: \t a \r\n\r\n",
    "empty lines before": b"\r\n\r\n" + GET + HOST + b"\r\n",
    "HTTP/1.0 without host": b"GET /small HTTP/1.0\r\n\r\n",
    "empty header value": GET + HOST + b"X-A:\r\n\r\n",
    "100 headers": GET + HOST + b"X-A: 1\r\n" * 99 + b"\r\n",
    "15 KB header": GET + HOST + b"X-A: " + b"a" * 15000 + b"\r\n\r\n",
    "UTF-8 value": GET + HOST + "X-A: é货代\r\n\r\n".encode(),
}


class Malformed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()

    @classmethod
    def tearDownClass(cls):
        code = cls.server.stop()
        assert code == 0, f"the server ended with {code}"

    def refused(self, client, status):
        answer = client.read()
        self.assertEqual(answer.status, status)
        error = answer.json()["error"]
        self.assertRegex(error["code"], "^[a-z_]+$")
        self.assertTrue(error["message"])
        self.assertEqual(error["request"], answer.header("X-Request-Id"))
        self.assertEqual(answer.header("Connection"), "close")
        self.assertEqual(answer.header("X-Content-Type-Options"), "nosniff")
        self.assertEqual(answer.header("Content-Type"), "application/json; charset=utf-8")
        self.assertIsNone(answer.header("Server"))
        self.assertTrue(client.closed(), "something came behind the refusal")

    def test_as_first_request(self):
        for name, (status, data) in SHAPES.items():
            with self.subTest(name), self.server.client() as c:
                c.send(data)
                self.refused(c, status)

    def test_byte_by_byte(self):
        for name, (status, data) in SHAPES.items():
            if len(data) > 1000:
                continue
            with self.subTest(name), self.server.client() as c:
                try:
                    for i in range(len(data)):
                        c.send(data[i:i + 1])
                except (BrokenPipeError, ConnectionResetError):
                    pass  # it was refused before the end, which is fine
                self.refused(c, status)

    def test_as_second_request(self):
        for name, (status, data) in SHAPES.items():
            with self.subTest(name), self.server.client() as c:
                self.assertEqual(c.get("/small").status, 200)
                c.send(data)
                if name not in OWN_PAGE:
                    self.refused(c, status)
                    continue
                rest = b""
                try:
                    while piece := c.sock.recv(65536):
                        rest += piece
                except ConnectionResetError:
                    pass
                self.assertRegex(rest, rb"^(HTTP/1.1 [45]|$)")
                self.assertNotIn(b" 200 ", rest)

    def test_request_behind_a_refused_one_is_never_read(self):
        for name, (status, data) in SHAPES.items():
            with self.subTest(name), self.server.client() as c:
                try:
                    c.send(data + request("/cookies"))
                except (BrokenPipeError, ConnectionResetError):
                    continue
                answer = c.read()
                self.assertEqual(answer.status, status)
                self.assertTrue(c.closed())

    def test_request_behind_a_chunked_one_is_never_read(self):
        for chunks in (b"5\r\nhello\r\n0\r\n\r\n", b"5\nhello\n0\n\n", b"5;x=\ny\r\nhello\r\n0\r\n\r\n"):
            with self.subTest(chunks), self.server.client() as c:
                c.send(POST + CHUNKED + b"\r\n" + chunks + request("/cookies"))
                answer = c.read()
                self.assertEqual(answer.header("Connection"), "close")
                self.assertTrue(c.closed())

    def test_broken_chunks(self):
        for name, chunks in BAD_CHUNKS.items():
            with self.subTest(name), self.server.client() as c:
                c.send(POST + CHUNKED + b"\r\n" + chunks)
                self.assertIn(c.read_head()[0], (400, 413))

    def test_odd_but_fine(self):
        for name, data in FINE.items():
            with self.subTest(name), self.server.client() as c:
                c.send(data)
                self.assertEqual(c.read().status, 200)
            with self.subTest(name + ", second"), self.server.client() as c:
                c.get("/small")
                c.send(data)
                self.assertEqual(c.read().status, 200)

    def test_random_bytes_never_hurt(self):
        import random
        rnd = random.Random(4)
        parts = [b"GET ", b"/small", b" HTTP/1.1", b"\r\n", b"Host: a", b":", b"\0", b"\n", b" ",
                 b"Content-Length: 1", b"Transfer-Encoding: chunked", b"%", b"?", b"\xff", b"\r"]
        for _ in range(300):
            data = b"".join(rnd.choice(parts) for _ in range(rnd.randrange(1, 20)))
            with self.server.client() as c:
                try:
                    c.send(data)
                except OSError:
                    pass
        self.assertEqual(self.server.get("/small").status, 200)


if __name__ == "__main__":
    unittest.main()
