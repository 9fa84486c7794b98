"""Sends one POST over and over on kept-alive connections; prints how long all of it took."""

import argparse
import asyncio
import json
import time

HEAD = (
    "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n{extra}Content-Length: {length}\r\n\r\n"
)


class Load:
    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.extra = "".join(f"{line}\r\n" for line in options.header)
        self.left = iter(range(options.requests))
        self.start = 0.0

    async def run(self) -> float:
        began = time.perf_counter()
        await asyncio.gather(*(self.connection() for _ in range(self.options.connections)))
        return time.perf_counter() - began

    async def connection(self) -> None:
        reader, writer = await asyncio.open_connection(self.options.host, self.options.port)
        for number in self.left:
            await self.turn(number)
            writer.write(self.request(number))
            await self.answer(reader)
        writer.close()

    async def turn(self, number: int) -> None:
        """Wait until this request is due, when a rate is asked for."""
        if self.options.rate:
            self.start = self.start or time.perf_counter()
            await asyncio.sleep(self.start + number / self.options.rate - time.perf_counter())

    def request(self, number: int) -> bytes:
        body = self.options.body.replace("{n}", str(number)).replace("{t}", f"{time.time():.6f}").encode()
        head = HEAD.format(path=self.options.path, host=self.options.host, extra=self.extra, length=len(body))
        return head.encode() + body

    async def answer(self, reader: asyncio.StreamReader) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if head.split(b" ", 2)[1] != b"201":
            raise SystemExit(f"unexpected answer: {head.decode()}{await reader.read(500)!r}")
        length = head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0]
        await reader.readexactly(int(length))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("path")
    parser.add_argument("body", help="JSON; {n} becomes the number of the request, {t} the time it is sent")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--header", action="append", default=[])
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--rate", type=float, default=0, help="requests per second; 0 is as fast as they are answered")
    print(json.dumps({"seconds": asyncio.run(Load(parser.parse_args()).run())}))
