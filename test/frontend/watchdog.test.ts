import { createServer, type Server, type Socket } from "node:net";
import { expect, it, onTestFinished, vi } from "vitest";
import { watchEngine } from "../../provider/frontend/dynamic/engine";

// It monitors the engine only in a dynamic-provider process, which it recognizes by the main file.
const here = vi.hoisted(() => ({ inside: true }));
vi.mock("../../provider/frontend/dynamic/bridge", () => ({
  sdkModules: () => (here.inside ? require : undefined),
  engineAddress: () => undefined,
}));

interface Engine {
  readonly address: string;
  readonly server: Server;
  /** The connection with this number, counted from 1. */
  connection(number: number): Promise<Socket>;
  /** Simulates a killed process: all connections are reset, and the port refuses new ones. */
  die(): void;
}

async function engine(): Promise<Engine> {
  const sockets: Socket[] = [];
  const waiting = new Map<number, (socket: Socket) => void>();
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on("error", () => undefined);
    waiting.get(sockets.length)?.(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("the server does not listen");
  const die = () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  onTestFinished(die);
  return {
    address: `127.0.0.1:${address.port}`,
    server,
    connection: (number) =>
      new Promise((resolve) => {
        const there = sockets[number - 1];
        if (there === undefined) waiting.set(number, resolve);
        else resolve(there);
      }),
    die,
  };
}

it("detects that the engine has ended", async () => {
  const { address, connection, die } = await engine();
  const gone = new Promise<string>((resolve) => watchEngine(() => resolve("gone"), address));
  await connection(1);
  die();
  expect(await gone).toBe("gone");
});

it("reports it once", async () => {
  const { address, connection, die } = await engine();
  const calls: string[] = [];
  await new Promise<void>((resolve) => {
    watchEngine(() => {
      calls.push("gone");
      resolve();
    }, address);
    void connection(1).then(die);
  });
  // Another engine at another port refuses the same number of connections meanwhile.
  const second = await engine();
  const again = new Promise<void>((resolve) => watchEngine(resolve, second.address));
  void second.connection(1).then(() => second.die());
  await again;
  expect(calls).toEqual(["gone"]);
});

it("treats a closed idle connection as no end, and connects again", async () => {
  const { address, connection } = await engine();
  const gone = vi.fn<() => void>();
  watchEngine(gone, address);
  for (let i = 1; i <= 5; i++) (await connection(i)).end();
  await connection(6);
  expect(gone).not.toHaveBeenCalled();
});

it.each(["", "127.0.0.1", "127.0.0.1:", ":123", "127.0.0.1:http", "127.0.0.1:0"])(
  "monitors nothing without a valid address: %j",
  (address) => {
    const gone = vi.fn<() => void>();
    expect(() => watchEngine(gone, address)).not.toThrow();
    expect(gone).not.toHaveBeenCalled();
  },
);

it("treats resets as no end while the port accepts connections", async () => {
  const { address, server } = await engine();
  let accepted = 0;
  const enough = new Promise<void>((resolve) => {
    server.on("connection", (socket: Socket) => {
      accepted += 1;
      socket.resetAndDestroy();
      if (accepted === 6) resolve();
    });
  });
  let gone = false;
  watchEngine(() => {
    gone = true;
  }, address);
  await enough;
  expect(gone).toBe(false);
});

it("monitors nothing outside a dynamic-provider process", async () => {
  here.inside = false;
  onTestFinished(() => {
    here.inside = true;
  });
  const { address, server } = await engine();
  const gone = vi.fn<() => void>();
  watchEngine(gone, address);
  // Connections arrive in order, so any earlier one has arrived before this one.
  const { connect } = await import("node:net");
  const own = connect(Number(address.split(":")[1]), "127.0.0.1");
  await new Promise((resolve) => own.once("connect", resolve));
  const count = await new Promise<number>((resolve) => server.getConnections((_, n) => resolve(n)));
  expect(count).toBeLessThanOrEqual(1);
  own.destroy();
});
