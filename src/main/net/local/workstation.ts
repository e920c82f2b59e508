import { homedir, userInfo } from "node:os";
import type { Workstation } from "#shared/model/hosts/workstation.ts";

/** This workstation and its user, as the operating system tells. On Windows the agent is OpenSSH's named pipe. */
export function findWorkstation(): Workstation {
  const { SSH_AUTH_SOCK } = process.env;
  const agentSocket =
    SSH_AUTH_SOCK ?? (process.platform === "win32" ? "\\\\.\\pipe\\openssh-ssh-agent" : null);
  return { user: userInfo().username, home: homedir(), agentSocket };
}
