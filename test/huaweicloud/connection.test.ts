import { describe, expect, it } from "vitest";
import type { Transport } from "../../provider/http/transport";
import { type Connect, lease, sessionKey } from "../../provider/huaweicloud/connection";
import type { Credentials } from "../../provider/huaweicloud/credentials";
import { openAccess } from "../../provider/taurusdb/project";
import { readStarRocksKernels } from "../../provider/taurusdb/starrocks/instance";
import { KEY, region, rig, runtimeOf, USER } from "../taurusdb/rig";

const IAM = "https://iam.example.com";
const key = (accessKey: string, secretKey = "secret"): Credentials => ({
  kind: "key",
  accessKey,
  secretKey,
  securityToken: undefined,
});

/** A transport that counts how often it was opened and closed. */
function counted(): { connect: Connect; opened: () => number; closed: () => number } {
  let opened = 0;
  let closed = 0;
  const transport: Transport = {
    send: () => Promise.reject(new Error("not called")),
    close: async () => void closed++,
  };
  const connect = () => {
    opened++;
    return transport;
  };
  return { connect, opened: () => opened, closed: () => closed };
}

describe("the connection of an account", () => {
  const { clock } = rig();

  it("is shared, and closed with its last share", async () => {
    const { connect, opened, closed } = counted();
    const first = lease(connect, key("a"), IAM, clock);
    const second = lease(connect, key("a"), IAM, clock);
    expect(second.connection).toBe(first.connection);
    await first.release(false);
    await first.release(false);
    expect([opened(), closed(), second.connection.signal.aborted]).toEqual([1, 0, false]);
    await second.release(false);
    expect([opened(), closed(), second.connection.signal.aborted]).toEqual([1, 1, true]);
  });

  it("is opened again after that, with what is known of the account", async () => {
    const { connect, opened } = counted();
    const first = lease(connect, key("a"), IAM, clock);
    first.connection.session.projects.set("cn-north-4", "p");
    await first.release(false);
    const second = lease(connect, key("a"), IAM, clock);
    expect(opened()).toBe(2);
    expect(second.connection).not.toBe(first.connection);
    expect(second.connection.signal.aborted).toBe(false);
    expect(second.connection.session.projects.get("cn-north-4")).toBe("p");
  });

  it("is kept for five seconds for the next one", async () => {
    const { connect, opened, closed } = counted();
    const first = lease(connect, key("a"), IAM, clock);
    await first.release(true);
    await clock.sleep(4_000);
    const second = lease(connect, key("a"), IAM, clock);
    expect(second.connection).toBe(first.connection);
    await clock.sleep(60_000);
    expect(closed()).toBe(0);
    await second.release(true);
    await clock.sleep(4_999);
    expect([opened(), closed(), second.connection.signal.aborted]).toEqual([1, 0, false]);
    await clock.sleep(1);
    expect([opened(), closed(), second.connection.signal.aborted]).toEqual([1, 1, true]);
    expect(lease(connect, key("a"), IAM, clock).connection).not.toBe(first.connection);
  });

  it("is another one for another key, secret or IAM, and for another world", () => {
    const { connect } = counted();
    const connections = [
      lease(connect, key("a"), IAM, clock),
      lease(connect, key("b"), IAM, clock),
      lease(connect, key("a", "other"), IAM, clock),
      lease(connect, key("a"), "https://iam.other.com", clock),
      lease(counted().connect, key("a"), IAM, clock),
    ].map(({ connection }) => connection);
    expect(new Set(connections).size).toBe(connections.length);
  });

  it("is known by a name that tells nothing", () => {
    const name = sessionKey(key("AKEXAMPLE", "SKEXAMPLE"), IAM);
    expect(name).toMatch(/^[0-9a-f]{64}$/);
  });
});

describe("what one pin asks for all of them", () => {
  it("does not end with that pin", async () => {
    const { cloud, clock, connect } = rig({ instances: 150 });
    cloud.faults.add({ match: { path: "/v3/projects" }, fault: { kind: "delay", ms: 5_000 } });
    const end = new AbortController();
    const args = { region, ...KEY };
    const first = openAccess(args, runtimeOf(clock, end.signal), connect, {});
    const second = openAccess(args, runtimeOf(clock), connect, {});
    const given = first.gateway.projectId().catch((error: unknown) => error);
    const wanted = second.gateway.projectId();
    await clock.sleep(1_000);
    end.abort(new Error("^C"));
    await first.close();
    expect(await given).toMatchObject({ message: "^C" });
    expect(await wanted).toHaveLength(32);
    expect(cloud.journal.count("GET", "/v3/projects")).toBe(1);
  });

  it("is given up when no pin is left", async () => {
    const { cloud, clock, connect } = rig();
    cloud.faults.add({ match: { path: "/v3/projects" }, fault: { kind: "hang" } });
    const access = openAccess({ region, ...KEY }, runtimeOf(clock), connect, {});
    const asked = access.gateway.projectId().catch((error: unknown) => error);
    await clock.sleep(1_000);
    await access.close();
    expect(await asked).toMatchObject({ message: "the last resource of the account was closed" });
  });

  it("is kept out of what all of them say: every pin is told of every token, those before its time too", async () => {
    const { cloud, clock, connect } = rig();
    const args = { region, ...USER };
    const told: Record<"first" | "second" | "late", string[]> = { first: [], second: [], late: [] };
    const first = openAccess(args, runtimeOf(clock, undefined, told.first), connect, {});
    const second = openAccess(args, runtimeOf(clock, undefined, told.second), connect, {});
    await readStarRocksKernels(first.gateway);
    expect(told.first).toHaveLength(1);
    await first.close();
    cloud.control.iam.expireTokens();
    await readStarRocksKernels(second.gateway);
    expect(new Set(told.second).size).toBe(2);
    openAccess(args, runtimeOf(clock, undefined, told.late), connect, {});
    expect(told.late).toEqual(told.second);
    expect(told.first).toHaveLength(1);
  });
});
