"""A WebSocket server and client by the library `websockets` (Debian: python3-websockets), run by test_handoff.py.

    websocket_peer.py serve           prints its port, then echoes what it is sent until it is ended
    websocket_peer.py talk URL        sends messages of many sizes, compares what comes back, closes; says "ok"
"""

import asyncio
import os
import sys

import websockets


async def echo(socket, _path=None):
    async for message in socket:
        await socket.send(message)


async def serve():
    server = await websockets.serve(echo, "127.0.0.1", 0, max_size=None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Future()


async def talk(url):
    async with websockets.connect(url, max_size=None) as socket:
        for message in ["", "hello", "ä" * 1000, os.urandom(70000), os.urandom(5 << 20)]:
            await socket.send(message)
            if await socket.recv() != message:
                sys.exit("another message of %d came back" % len(message))
        await asyncio.gather(*[socket.send(str(n)) for n in range(500)])
        for n in range(500):
            if await socket.recv() != str(n):
                sys.exit("message %d is not the one that was sent" % n)
        await socket.ping()
    print("ok", flush=True)


asyncio.run(serve() if sys.argv[1] == "serve" else talk(sys.argv[2]))
