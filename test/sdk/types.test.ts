import type * as pulumi from "@pulumi/pulumi";
import { describe, expect, expectTypeOf, it } from "vitest";
import { oceanbase, Provider, type Status, type Upgrade } from "../../sdk";

// Nothing here is run: the compiler checks it, and an unused expectation of an error is an error itself.
function programs(password: pulumi.Output<string>, agents: oceanbase.ClusterVersion): void {
  const right = { endpoints: ["http://10.0.0.1:2886"], version: "4.3.5.2" };
  new oceanbase.ClusterVersion("a", right);
  new oceanbase.ClusterVersion("a", { ...right, password, mode: "rolling", onNewer: "fail", wait: true });
  new oceanbase.ClusterVersion("a", { ...right, version: agents.version }, { dependsOn: agents });
  new Provider("p", { oceanbase: { password } });

  // @ts-expect-error a misspelt argument
  new oceanbase.ClusterVersion("a", { ...right, pasword: "x" });
  // @ts-expect-error a missing version
  new oceanbase.ClusterVersion("a", { endpoints: ["http://10.0.0.1:2886"] });
  // @ts-expect-error missing endpoints
  new oceanbase.ClusterVersion("a", { version: "4.3.5.2" });
  // @ts-expect-error one endpoint that is no list
  new oceanbase.ClusterVersion("a", { endpoints: "http://10.0.0.1:2886", version: "4.3.5.2" });
  // @ts-expect-error a version that is a number
  new oceanbase.ClusterVersion("a", { ...right, version: 4 });
  // @ts-expect-error a mode that does not exist
  new oceanbase.ClusterVersion("a", { ...right, mode: "fast" });
  // @ts-expect-error a policy that does not exist
  new oceanbase.ClusterVersion("a", { ...right, onNewer: "downgrade" });
  // @ts-expect-error an observed output is no argument
  new oceanbase.ClusterVersion("a", { ...right, currentVersion: "4.3.5.2" });
  // @ts-expect-error a vendor that does not exist
  new Provider("p", { oracle: { password } });
}

describe("the types", () => {
  it("refuse misspelt and wrong arguments", () => {
    expect(programs).toBeTypeOf("function");
  });

  it("of the outputs are what the documentation says", () => {
    expectTypeOf<oceanbase.ClusterVersion["version"]>().toEqualTypeOf<pulumi.Output<string>>();
    expectTypeOf<oceanbase.ClusterVersion["currentVersion"]>().toEqualTypeOf<pulumi.Output<string>>();
    expectTypeOf<oceanbase.ClusterVersion["members"]>().toEqualTypeOf<pulumi.Output<Record<string, string>>>();
    expectTypeOf<oceanbase.ClusterVersion["status"]>().toEqualTypeOf<pulumi.Output<Status>>();
    expectTypeOf<oceanbase.ClusterVersion["lastUpgrade"]>().toEqualTypeOf<pulumi.Output<Upgrade | null>>();
  });
});
