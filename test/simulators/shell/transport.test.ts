import * as http from "node:http";
import * as https from "node:https";
import { connect, createServer } from "node:net";
import { describe, expect, it } from "vitest";
import { ObshellCluster } from "../obshell";
import {
  createTransport,
  FaultScript,
  Journal,
  ManualClock,
  NO_BODY,
  type SimHost,
  type SimRequest,
  type SimSystem,
  selfSigned,
  serve,
} from ".";
import { listen, PortKeeper } from "./port";

/** A system of one host that counts processed calls and can be shut down. */
class Counter implements SimSystem, SimHost {
  readonly journal = new Journal();
  readonly faults = new FaultScript();
  readonly clock = new ManualClock();
  readonly name = "counter";
  readonly hosts = [this];
  address = "10.0.0.1:80";
  up = true;
  boot = 1;
  processed = 0;

  now = () => this.clock.now();
  tick = () => undefined;
  isUp = () => this.up;
  bootId = () => this.boot;
  isWrite = (request: SimRequest) => request.method !== "GET";

  place(ip: string, port: number): void {
    this.address = `${ip}:${port}`;
  }

  handle(request: SimRequest) {
    this.processed += 1;
    return { status: 200, headers: { "content-type": "text/plain" }, body: Buffer.from(`${request.target} answered`) };
  }
}

const request = (method = "GET", target = "/a?b=1"): SimRequest => ({ method, target, headers: {}, body: NO_BODY });

function newTransport(system = new Counter()) {
  const send = createTransport(system, { sleep: async (ms) => system.clock.advance(ms) });
  return {
    system,
    call: (one = request(), signal?: AbortSignal) => send("http://10.0.0.1:80", one, signal ? { signal } : {}),
  };
}

describe("the in-memory transport", () => {
  it("returns the response and writes it to the journal", async () => {
    const { system, call } = newTransport();
    expect((await call()).body.toString()).toBe("/a?b=1 answered");
    await call(request("POST"));
    expect(system.journal.entries[0]).toEqual({
      at: system.now(),
      host: "counter",
      method: "GET",
      target: "/a?b=1",
      path: "/a",
      status: 200,
      write: false,
    });
    expect([system.journal.count("GET", "/a"), system.journal.count(undefined, /^\/a/)]).toEqual([1, 2]);
    expect(system.journal.writes()).toHaveLength(1);
    system.journal.clear();
    expect(system.journal.count()).toBe(0);
  });

  it("refuses a connection to a host that is down or unknown", async () => {
    const { system, call } = newTransport();
    system.up = false;
    await expect(call()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    await expect(createTransport(system)("http://10.0.0.9:80", request())).rejects.toMatchObject({ code: "ENOTFOUND" });
  });

  it("loses a response after the request was processed, as often as scripted", async () => {
    const { system, call } = newTransport();
    system.faults.add({
      match: { method: "POST", path: "/a", host: "counter" },
      skip: 1,
      fault: { kind: "loseReply" },
    });
    await call(request("POST"));
    await expect(call(request("POST"))).rejects.toMatchObject({ code: "ECONNRESET" });
    await call(request("POST"));
    expect(system.processed).toBe(3);
    expect(system.faults.pending).toBe(0);
    expect(system.journal.find("POST").map((entry) => entry.fault)).toEqual([undefined, "loseReply", undefined]);
  });

  it("resets and refuses before the request is processed", async () => {
    const { system, call } = newTransport();
    system.faults.add({ fault: { kind: "reset" } }, { fault: { kind: "refuse" } });
    await expect(call()).rejects.toMatchObject({ code: "ECONNRESET" });
    await expect(call()).rejects.toMatchObject({ code: "ECONNREFUSED" });
    expect(system.processed).toBe(0);
  });

  it("delays, replaces, truncates and hangs", async () => {
    const { system, call } = newTransport();
    const start = system.now();
    system.faults.add(
      { fault: { kind: "delay", ms: 5000 } },
      { fault: { kind: "replace", status: 502, body: "bad gateway" } },
      { fault: { kind: "truncate", bytes: 3 } },
      { fault: { kind: "hang", processed: true } },
    );
    expect((await call()).status).toBe(200);
    expect(system.now() - start).toBe(5000);
    expect((await call()).body.toString()).toBe("bad gateway");
    await expect(call()).rejects.toMatchObject({ code: "ECONNRESET" });
    const abort = new AbortController();
    const hung = call(request(), abort.signal);
    abort.abort(new Error("enough"));
    await expect(hung).rejects.toThrow("enough");
    expect(system.processed).toBe(3);
  });

  it("resets a delayed request if the host restarts meanwhile", async () => {
    const system = new Counter();
    const send = createTransport(system, {
      sleep: async () => {
        system.boot += 1;
      },
    });
    system.faults.add({ fault: { kind: "delay", ms: 1 } });
    await expect(send(system.address, request())).rejects.toMatchObject({ code: "ECONNRESET" });
  });
});

describe("the served transport", () => {
  const agent = () => new http.Agent({ keepAlive: true, maxSockets: 1 });

  function get(origin: string, through: http.Agent, path = "/x?y=%2B"): Promise<string> {
    return new Promise((resolve, reject) => {
      http
        .get(origin + path, { agent: through }, (response) => {
          let text = "";
          response.setEncoding("utf8");
          response.on("data", (chunk: string) => {
            text += chunk;
          });
          response.on("end", () => resolve(text));
          response.on("error", reject);
        })
        .on("error", reject);
    });
  }

  it("passes the target on unchanged, and closes and reopens the port with its host", async () => {
    const system = new Counter();
    const served = await serve(system, { tickMs: 5 });
    const [origin = ""] = served.origins;
    const through = agent();
    try {
      expect(`http://${system.address}`).toBe(origin);
      expect(await get(origin, through)).toBe("/x?y=%2B answered");
      system.up = false;
      await expect.poll(() => get(origin, through).catch((error) => error.code), { interval: 5 }).toBe("ECONNREFUSED");
      system.up = true;
      await expect.poll(() => get(origin, through).catch(() => ""), { interval: 5 }).toBe("/x?y=%2B answered");
    } finally {
      through.destroy();
      await served.close();
    }
    await expect(get(origin, agent())).rejects.toMatchObject({ code: "ECONNREFUSED" });
  });

  it("resets the connections of an earlier process", async () => {
    const system = new Counter();
    const served = await serve(system, { tickMs: 5 });
    const [origin = ""] = served.origins;
    const through = agent();
    try {
      system.faults.add({ fault: { kind: "hang" } });
      const hung = get(origin, through);
      await expect.poll(() => system.journal.count(), { interval: 5 }).toBe(1);
      system.boot += 1;
      await expect(hung).rejects.toMatchObject({ code: "ECONNRESET" });
    } finally {
      through.destroy();
      await served.close();
    }
  });

  it("truncates a response before its declared length", async () => {
    const system = new Counter();
    const served = await serve(system);
    const through = agent();
    try {
      system.faults.add({ fault: { kind: "truncate", bytes: 2 } }, { fault: { kind: "reset" } });
      for (let call = 0; call < 2; call += 1) {
        await expect(get(served.origins[0] ?? "", through)).rejects.toMatchObject({ code: "ECONNRESET" });
      }
    } finally {
      through.destroy();
      await served.close();
    }
  });
});

describe("a TLS port", () => {
  const tls = selfSigned();

  it("is accepted by a client that trusts its certificate, and by no other", async () => {
    const served = await serve(new ObshellCluster({ clock: new ManualClock(), zones: 1 }), { tls });
    const get = (options: https.RequestOptions): Promise<number> =>
      new Promise((resolve, reject) => {
        const url = `${served.origins[0]}/api/v1/time`;
        https
          .get(url, { agent: false, ...options }, (response) => resolve(response.resume().statusCode ?? 0))
          .on("error", reject);
      });
    try {
      expect(served.origins[0]).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
      expect(await get({ ca: tls.cert })).toBe(200);
      await expect(get({})).rejects.toMatchObject({ code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
    } finally {
      await served.close();
    }
  });

  it("rejects plain HTTP with a message", async () => {
    const served = await serve(new ObshellCluster({ clock: new ManualClock(), zones: 1 }), { tls });
    const port = Number(served.origins[0]?.split(":").at(-1));
    try {
      const text = await new Promise<string>((resolve, reject) => {
        let received = "";
        const socket = connect(port, "127.0.0.1", () => socket.write("GET /api/v1/time HTTP/1.1\r\nHost: x\r\n\r\n"));
        socket.on("data", (chunk) => {
          received += chunk.toString();
        });
        socket.on("end", () => resolve(received)).on("error", reject);
      });
      expect(text).toBe("HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n");
      const status = await new Promise<number>((resolve, reject) => {
        http
          .get(`http://127.0.0.1:${port}/api/v1/time`, { agent: false }, (response) =>
            resolve(response.resume().statusCode ?? 0),
          )
          .on("error", reject);
      });
      expect(status).toBe(400);
    } finally {
      await served.close();
    }
  });
});

const LOOPBACK = "127.0.0.1";

it("reserves a port without listening on it until it is released", async () => {
  const server = createServer();
  const port = await listen(server, LOOPBACK, 0);
  await new Promise((resolve) => server.close(resolve));
  const keeper = await PortKeeper.open(LOOPBACK);
  try {
    await keeper.keep(port);
    // The connection that reserves the port cannot be opened twice.
    await expect(keeper.keep(port)).rejects.toMatchObject({ code: expect.stringMatching(/^EADDR(INUSE|NOTAVAIL)$/) });
    const refused = new Promise((resolve) => connect(port, LOOPBACK).once("error", resolve));
    expect(await refused).toMatchObject({ code: "ECONNREFUSED" });
    await keeper.release(port);
    await keeper.keep(port);
  } finally {
    await keeper.close();
  }
});
