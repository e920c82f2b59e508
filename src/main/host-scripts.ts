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

/** What an offline script has of the library for its session, which may run as another account and gets no other then. */
export const offlineLibraryScript = `${END_ALIASES}\n${limits}\n${possession}`;

/** The session, before any library of verbs. */
export const sessionScript = `${END_ALIASES}\n${joinScripts(
  import.meta.glob<string>("../../resources/rotation/session/*.sh", {
    query: "?raw",
    import: "default",
    eager: true,
  }),
)}`;

/** What an offline script does with the session, and what of the library it needs for that. */
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

/** What a session knows of a certificate's files, and of the servers that read them. */
export const deploymentScript = joinScripts(
  import.meta.glob<string>("../../resources/rotation/deployment/*.{sh,awk}", {
    query: "?raw",
    import: "default",
    eager: true,
  }),
);

/** What a session knows of challenges. */
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
