import { describe, expect, it } from "vitest";
import { redactLine } from "../../provider/oceanbase/failure";

const SCRIPT = "cd /data/rpm; python /home/admin/oceanbase/etc/upgrade_pre.py -h10.0.0.1 -P2881 -uroot";

describe("the password on the command line of an upgrade script", () => {
  it.each([
    [`${SCRIPT} -p'hunter2'`, `${SCRIPT} -p[secret]`],
    [`${SCRIPT} -p'hunter2' -z'zone1'`, `${SCRIPT} -p[secret] -z'zone1'`],
    [`${SCRIPT} -p"hunter2"`, `${SCRIPT} -p[secret]`],
    [`${SCRIPT} -phunter2 -z'zone1'`, `${SCRIPT} -p[secret] -z'zone1'`],
    [`${SCRIPT} -p'two words and a -p'`, `${SCRIPT} -p[secret]`],
    [`${SCRIPT} --password=hunter2`, `${SCRIPT} --password=[secret]`],
    [`${SCRIPT} --password 'hunter2'`, `${SCRIPT} --password [secret]`],
    [`${SCRIPT} -p''`, `${SCRIPT} -p[secret]`],
    [`${SCRIPT} -p'it's' -z'zone1'`, `${SCRIPT} -p[secret] -z'zone1'`],
    ["-p'hunter2'", "-p[secret]"],
    ["['-uroot', '-phunter2']", "['-uroot', '-p[secret]']"],
    [`-uroot -p'one' && x -uroot -p'two'`, "-uroot -p[secret] && x -uroot -p[secret]"],
  ])("is taken out of %s", (line, expected) => {
    expect(redactLine(line)).toBe(expected);
  });

  it.each([
    "current obshell version is 4.5.0.0-102026050817",
    "ERROR: [OB.Package.NotExist]: These packages are missing: 'a'",
    "listening on port -P2881",
  ])("leaves %j as it is", (line) => {
    expect(redactLine(line)).toBe(line);
  });

  it("takes out terminal escapes too", () => {
    expect(redactLine("\u001b[31mERROR\u0007")).toBe("[31mERROR");
  });
});
