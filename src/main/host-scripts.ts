import collector from "#resources/collector/collect.sh?raw";
import limits from "#resources/lib/limits.sh?raw";
import possession from "#resources/lib/possession.sh?raw";
import { END_ALIASES, joinCollector, joinScripts } from "#shared/text/scripts.ts";

/** What the collector and a session both use. */
export const libraryScript = joinScripts(
  import.meta.glob<string>(
    [
      "../../resources/lib/*.sh",
      "../../resources/lib/hex-bytes.awk",
      "../../resources/lib/listening-process.awk",
    ],
    { query: "?raw", import: "default", eager: true },
  ),
);

export const collectorScript = joinCollector(
  import.meta.glob<string>(
    [
      "../../resources/lib/*.{sh,awk}",
      "../../resources/collector/**/*.{sh,awk}",
      "!../../resources/collector/collect.sh",
    ],
    { query: "?raw", import: "default", eager: true },
  ),
  collector,
);

/**
 * The part of the library that an offline script has for its session, which may run as another account and has no other
 * part then.
 */
export const offlineLibraryScript = `${END_ALIASES}\n${limits}\n${possession}`;

/** The session, before any library of verbs. */
export const sessionScript = `${END_ALIASES}\n${joinScripts(
  import.meta.glob<string>("../../resources/rotation/session/*.sh", {
    query: "?raw",
    import: "default",
    eager: true,
  }),
)}`;

/** What an offline script does by its session, and the part of the library that this needs. */
export const offlineScript = joinScripts(
  import.meta.glob<string>(
    [
      "../../resources/lib/daemon.sh",
      "../../resources/lib/host-signature.sh",
      "../../resources/lib/listening-process.awk",
      "../../resources/rotation/offline/*.sh",
    ],
    { query: "?raw", import: "default", eager: true },
  ),
);

/** The verbs of a session for a certificate's files, and for the servers that read them. */
export const deploymentScript = joinScripts(
  import.meta.glob<string>("../../resources/rotation/deployment/*.{sh,awk}", {
    query: "?raw",
    import: "default",
    eager: true,
  }),
);

/** The verbs of a session for challenges. */
export const challengeScript = joinScripts(
  import.meta.glob<string>(
    ["../../resources/lib/nginx.awk", "../../resources/rotation/challenge/*.{sh,awk}"],
    {
      query: "?raw",
      import: "default",
      eager: true,
    },
  ),
);
