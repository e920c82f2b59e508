/** Whose keys, agent and known_hosts a scan uses. A test gives its own. */
export type Workstation = {
  /** The login of this workstation's user: the default for a target without one. */
  user: string;
  home: string;
  /** SSH_AUTH_SOCK or the like; null when there is no agent. */
  agentSocket: string | null;
};
