import { findCli } from "./cli";

/** Logs the engines of this test run. */
export default function announce(): void {
  const cli = findCli();
  const second = cli === undefined ? "no Pulumi CLI was found" : `pulumi ${cli.version}`;
  console.log(`engines: local engine; ${second}`);
}
