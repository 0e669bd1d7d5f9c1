import * as http from "node:http";
import * as https from "node:https";
import { connect } from "node:net";
import { describe, expect, it } from "vitest";
import { ObshellCluster } from "../obshell";
import { ManualClock, selfSigned, serve } from ".";

describe("a TLS port", () => {
  const tls = selfSigned();

  it("answers a client that trusts its certificate, and no other", async () => {
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

  it("tells plain HTTP what it is", async () => {
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
