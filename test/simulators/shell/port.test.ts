import { connect, createServer } from "node:net";
import { expect, it } from "vitest";
import { listen, PortKeeper } from "./port";

const LOOPBACK = "127.0.0.1";

it("keeps a port on which nobody listens until it is released", async () => {
  const server = createServer();
  const port = await listen(server, LOOPBACK, 0);
  await new Promise((resolve) => server.close(resolve));
  const keeper = await PortKeeper.open(LOOPBACK);
  try {
    await keeper.keep(port);
    // The connection that keeps the port cannot be made twice.
    await expect(keeper.keep(port)).rejects.toMatchObject({ code: expect.stringMatching(/^EADDR(INUSE|NOTAVAIL)$/) });
    const refused = new Promise((resolve) => connect(port, LOOPBACK).once("error", resolve));
    expect(await refused).toMatchObject({ code: "ECONNREFUSED" });
    await keeper.release(port);
    await keeper.keep(port);
  } finally {
    await keeper.close();
  }
});
