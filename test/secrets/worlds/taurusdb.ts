import { createTransport, TaurusCloud, taurusdb } from "../../simulators";
import { simulatedTransport } from "../../support/simulated-transport";
import { VirtualClock } from "../../support/virtual-clock";
import { canary } from "../canary";
import type { SecretType } from "./world";

const HUAWEI = (argument: string, env: string) => ({ config: `huaweicloud:${argument}`, env });

function taurus(what: "KernelVersion" | "StarRocksVersion", login: "key" | "user"): SecretType {
  return {
    type: `taurusdb:${what}`,
    login,
    addresses: ["endpoint", "iamEndpoint"],
    places:
      login === "key"
        ? {
            accessKey: HUAWEI("accessKey", "HW_ACCESS_KEY"),
            secretKey: HUAWEI("secretKey", "HW_SECRET_KEY"),
            securityToken: HUAWEI("securityToken", "HW_SECURITY_TOKEN"),
          }
        : { password: HUAWEI("password", "HW_USER_PASSWORD") },
    open: () => {
      const clock = new VirtualClock();
      const cloud = new TaurusCloud({ clock, instances: 2 });
      const key = {
        accessKey: canary("Access", true),
        secretKey: canary("Secret"),
        securityToken: canary("Token", true),
      };
      const user = { password: canary("User") };
      const { accessKey, secretKey, securityToken } = key;
      const { account, region, projectId, instanceId } = taurusdb.DEFAULTS;
      cloud.control.iam.addTemporaryKey(accessKey.value, secretKey.value, {
        securityToken: securityToken.value,
        seconds: 86_400,
      });
      cloud.control.iam.addUser("canary", { password: user.password.value });
      const starRocksInstanceId = cloud.starRocks[0]?.id ?? "";
      const kernel = what === "KernelVersion";
      return {
        clock,
        system: cloud,
        send: simulatedTransport(createTransport(cloud, { sleep: (ms) => clock.sleep(ms) })),
        args: kernel
          ? { region, projectId, instanceIds: cloud.instances.map(({ id }) => id), version: ">=2.0.75" }
          : { region, projectId, instanceId, starRocksInstanceId, version: ">=3.1.15" },
        secrets: login === "key" ? key : user,
        beside: login === "key" ? {} : { userName: "canary", domainName: account },
        derived: [],
        fail: (reason) => {
          const subjects = kernel ? cloud.instances.map(({ id }) => id) : [starRocksInstanceId];
          for (const instance of subjects) cloud.control.fail({ instance, reason });
        },
        problem: (_, text) => ({ error_code: "DBS.200001", error_msg: text }),
      };
    },
  };
}

export const TAURUSDB: readonly SecretType[] = [
  taurus("KernelVersion", "key"),
  taurus("KernelVersion", "user"),
  taurus("StarRocksVersion", "key"),
  taurus("StarRocksVersion", "user"),
];
