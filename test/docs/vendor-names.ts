/**
 * The commands, requests, permissions and labels of vendors that texts may name, each with its source. A text with another
 * name fails `prose.test.ts`: verify the name with the vendor's documentation first. `…` replaces parts that depend on the case.
 */

const OBSHELL = "github.com/oceanbase/obshell";
const REDIS = "github.com/redis/docs operate/rs/references/cli-utilities";
const REDIS_API = "github.com/redis/docs operate/rs/references/rest-api/requests";
const RUNBOOKS = "public runbooks for databases that stay in active-change-pending";
const HUAWEI_API = "Huawei Cloud, TaurusDB API reference";
const HUAWEI_IAM = "Huawei Cloud, IAM API reference";

export const COMMANDS: Readonly<Record<string, string>> = {
  "obshell agent start": `${OBSHELL} ob/client/cmd/agent/start.go`,
  "obshell agent upgrade": `${OBSHELL} ob/client/cmd/agent/upgrade.go`,
  "obshell admin restart --ip … --port … --pid … --takeover 0": `${OBSHELL} ob/agent/cmd/admin/restart.go`,
  "obshell cluster init": `${OBSHELL} ob/client/cmd/cluster/init.go`,
  "obshell cluster upgrade": `${OBSHELL} ob/client/cmd/cluster/upgrade.go`,
  "obshell task show": `${OBSHELL} ob/client/cmd/task/show.go`,
  "obshell task show -i … -d": `${OBSHELL} ob/client/cmd/task/show.go`,
  "obshell task retry -i …": `${OBSHELL} ob/client/cmd/task/retry.go`,
  "obshell task rollback -i …": `${OBSHELL} ob/client/cmd/task/rollback.go`,
  "obshell task pass -i …": `${OBSHELL} ob/client/cmd/task/pass.go`,
  "obd cluster upgrade": "github.com/oceanbase/obdeploy _cmd.py, ClusterUpgradeCommand",
  "python -m pip install mysql-connector-python": "pypi.org/project/mysql-connector-python, the module mysql.connector",
  "rladmin upgrade db": `${REDIS}/rladmin/upgrade.md`,
  "rladmin restart db": `${REDIS}/rladmin/restart.md`,
  "rladmin recover db": `${REDIS}/rladmin/recover.md`,
  "rladmin recover db db:…": `${REDIS}/rladmin/recover.md`,
  "rladmin recover list": `${REDIS}/rladmin/recover.md`,
  "rlutil retry_bdb": `${RUNBOOKS}; its task of that name: ${REDIS_API}/actions/_index.md`,
  "rlutil retry_bdb bdb=…": `${RUNBOOKS}; its task of that name: ${REDIS_API}/actions/_index.md`,
  "rlutil reset_bdb_sm": RUNBOOKS,
  "crdb-cli crdb update --crdb-guid … --featureset-version true": `${REDIS}/crdb-cli/crdb/update.md`,
  "crdb-cli crdb update --crdb-guid … --update-db-config-modules true": `${REDIS}/crdb-cli/crdb/update.md`,
  "rladmin cluster running_actions": `${REDIS}/rladmin/cluster/running_actions.md`,
  "crdb-cli task status --task-id …": `${REDIS}/crdb-cli/task/status.md`,
  "crdb-cli task list": `${REDIS}/crdb-cli/task/list.md`,
};

const AGENT_ROUTES = `${OBSHELL} ob/agent/api/agent_route.go`;
const BACKUP_ROUTES = `${OBSHELL} ob/agent/api/backup_route.go`;

export const REQUESTS: Readonly<Record<string, string>> = {
  "GET /api/v1/agents/status": AGENT_ROUTES,
  "GET /api/v1/info": AGENT_ROUTES,
  "GET /api/v1/ob/info": AGENT_ROUTES,
  "GET /api/v1/obcluster/info": AGENT_ROUTES,
  "GET /api/v1/secret": AGENT_ROUTES,
  "GET /api/v1/status": AGENT_ROUTES,
  "GET /api/v1/task/dag/ob/unfinish": AGENT_ROUTES,
  "GET /api/v1/upgrade/package/info": AGENT_ROUTES,
  "GET /api/v1/tenant/…/backup/tasks": BACKUP_ROUTES,
  "GET /api/v1/tenants/overview": `${OBSHELL} ob/agent/api/tenant_handler.go`,
  "POST /api/v1/agent/upgrade": AGENT_ROUTES,
  "POST /api/v1/ob/upgrade": AGENT_ROUTES,
  "POST /api/v1/package": AGENT_ROUTES,
  "POST /api/v1/upgrade/package": AGENT_ROUTES,
  "GET /v1/actions": `${REDIS_API}/actions/_index.md`,
  "GET /v1/actions/…": `${REDIS_API}/actions/_index.md`,
  "GET /v1/actions/bdb/…": `${REDIS_API}/actions/bdb.md`,
  "GET /v1/bdbs": `${REDIS_API}/bdbs/_index.md`,
  "GET /v1/bdbs/…": `${REDIS_API}/bdbs/_index.md`,
  "PUT /v1/bdbs/…": `${REDIS_API}/bdbs/_index.md`,
  "GET /v1/bootstrap": `${REDIS_API}/bootstrap/_index.md`,
  "GET /v1/cluster": `${REDIS_API}/cluster/_index.md`,
  "GET /v1/cluster/certificates": `${REDIS_API}/cluster/certificates.md`,
  "GET /v1/cluster/policy": `${REDIS_API}/cluster/policy/_index.md`,
  "GET /v1/crdb_tasks": `${REDIS_API}/crdb_tasks/_index.md`,
  "GET /v1/crdb_tasks/…": `${REDIS_API}/crdb_tasks/_index.md`,
  "GET /v1/users": `${REDIS_API}/users/_index.md`,
  "GET /v1/modules": `${REDIS_API}/modules/_index.md`,
  "GET /v1/modules/…": `${REDIS_API}/modules/_index.md`,
  "GET /v1/nodes": `${REDIS_API}/nodes/_index.md`,
  "GET /v1/nodes/status": `${REDIS_API}/nodes/status.md`,
  "GET /v1/shards": `${REDIS_API}/shards/_index.md`,
  "POST /v1/bdbs/…/modules/upgrade": `${REDIS_API}/bdbs/modules/upgrade.md`,
  "POST /v1/bdbs/…/upgrade": `${REDIS_API}/bdbs/upgrade.md`,
  "POST /v1/crdbs/…/upgrade": `${REDIS_API}/crdbs/upgrade.md`,
  "POST /v1/modules/upgrade/bdb/…": `${REDIS_API}/modules/upgrade.md`,
  "POST /v1/users/authorize": `${REDIS_API}/users/authorize.md`,
  "POST /v1/users/refresh_jwt": `${REDIS_API}/users/refresh_jwt.md`,
  "GET /v3/…/…": `${HUAWEI_API}, every path of a project`,
  "DELETE /v3/…/scheduled-jobs": `${HUAWEI_API}, canceling scheduled tasks`,
  "GET /v3/projects": `${HUAWEI_IAM}, KeystoneListProjects`,
  "GET /v3/…/backups": `${HUAWEI_API}, ShowGaussMySqlBackupList`,
  "GET /v3/…/instances/…/backups": `${HUAWEI_API}, ShowInstanceBackups`,
  "GET /v3/…/immediate-jobs": `${HUAWEI_API}, ListImmediateJobs`,
  "GET /v3/…/instances": `${HUAWEI_API}, ListGaussMySqlInstances`,
  "POST /v3/auth/tokens": `${HUAWEI_IAM}, KeystoneCreateUserTokenByPassword`,
  "POST /v3.0/OS-CREDENTIAL/securitytokens": `${HUAWEI_IAM}, CreateTemporaryAccessKeyByToken`,
  "POST /v3/…/instances/database-version/upgrade": `${HUAWEI_API}, UpgradeGaussMySqlInstanceDatabase`,
  "POST /v3/…/instances/…/starrocks/db-upgrade": `${HUAWEI_API}, upgrading StarRocks`,
};

export const PERMISSIONS: Readonly<Record<string, string>> = {
  "gaussdbformysql:backup:list": `${HUAWEI_API}, ShowGaussMySqlBackupList`,
  "gaussdbformysql:instance:listBackup": `${HUAWEI_API}, ShowInstanceBackups`,
  "gaussdb:backup:list": `${HUAWEI_API}, permissions`,
  "gaussdb:instance:list": `${HUAWEI_API}, permissions`,
  "gaussdb:instance:modify": `${HUAWEI_API}, permissions`,
  "gaussdbformysql:instance:upgrade": `${HUAWEI_API}, permissions`,
  "gaussdbformysql:task:delete": `${HUAWEI_API}, permissions`,
};

/** Buttons and pages of consoles. */
export const LABELS: Readonly<Record<string, string>> = {
  '"Apply Upgrade"': "Huawei Cloud, TaurusDB user guide, upgrading the minor version of a DB instance",
};
