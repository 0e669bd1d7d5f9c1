import { describe, expect, it } from "vitest";
import { type Meaning, readAnswer } from "../../provider/huaweicloud/answers";
import { TAURUSDB } from "../../provider/taurusdb/service";

function meaningOf(status: number, code: string): string {
  const body = JSON.stringify({ error_code: code, error_msg: "Because." });
  return readAnswer({ status, headers: {}, body: new TextEncoder().encode(body) }, TAURUSDB.codes).kind;
}

describe("what a code of TaurusDB means", () => {
  it.each<[number, string, Meaning]>([
    [400, "DBS.05000008", "latest"],
    [409, "DBS.05000008", "latest"],
    ...["DBS.201028", "DBS.200002", "DBS.200045", "DBS.200408", "DBS.200602", "DBS.290005", "DBS.290011"].map(
      (code): [number, string, Meaning] => [404, code, "missing"],
    ),
    [400, "DBS.05000044", "missing"],
    [400, "DBS.200022", "missing"],
    [409, "DBS.200022", "refused"],
    [400, "DBS.200543", "no-job"],
    ...["200011", "200019", "200047", "201202", "212006", "201015", "212033", "216011", "201205", "05000084"].map(
      (code): [number, string, Meaning] => [409, `DBS.${code}`, "busy"],
    ),
    [409, "DBS.201014", "busy"],
    [400, "DBS.201014", "refused"],
    [400, "DBS.200086", "refused"],
    [409, "DBS.200316", "refused"],
    [409, "DBS.280406", "refused"],
    [400, "DBS.280449", "refused"],
    [400, "DBS.280404", "refused"],
    [400, "DBS.280001", "refused"],
    [403, "DBS.200010", "forbidden"],
    [403, "DBS.201003", "forbidden"],
    [403, "DBS.280056", "stale"],
    ...["108000", "108002", "108005", "200005", "200208", "213002", "213004", "290006", "290015"].map(
      (code): [number, string, Meaning] => [500, `DBS.${code}`, "unavailable"],
    ),
    // The status alone would mean something else.
    [403, "DBS.280343", "refused"],
    [400, "DBS.280343", "refused"],
    [403, "DBS.200810", "refused"],
    [403, "DBS.212033", "busy"],
    [403, "DBS.200019", "busy"],
    [500, "DBS.200047", "busy"],
    [404, "DBS.201010", "refused"],
    [404, "DBS.212001", "refused"],
    [409, "DBS.200826", "refused"],
    [403, "DBS.201028", "missing"],
    [500, "DBS.05000008", "latest"],
  ])("HTTP %i %s: %s", (status, code, meaning) => {
    expect(meaningOf(status, code)).toBe(meaning);
  });
});
