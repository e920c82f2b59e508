import type { CertificateSeen, Observation } from "#domain/runs/step.ts";
import type { RenewalPlan } from "#shared/model/runs/plan.ts";
import type { Dice } from "./make-keys-file.ts";
import { Killed } from "./simulated-hosts.ts";

type FileNow = "old" | "new" | "other";

/** A host with servers as it really is. */
export type ServerPlace = {
  /** By certificate, its files. */
  files: FileNow[][];
  served: "old" | "new";
  hasWork: boolean;
  isArmed: boolean;
  /** It is being written to: the host's rollback timer waits for that. */
  isBusy: boolean;
  /** Somebody else has changed a file. */
  isTouched: boolean;
};

/** The hosts of a renewal as values, and all that may happen to them between two acts of a run. */
export class SimulatedServers {
  readonly wrong: string[] = [];
  readonly #dice: Dice;
  readonly #places: ServerPlace[];
  #isCalm = false;

  constructor(plan: RenewalPlan, dice: Dice) {
    this.#dice = dice;
    this.#places = plan.hosts.map(({ certificates }) => ({
      files: certificates.map(({ files }) => files.map((): FileNow => "old")),
      served: "old",
      hasWork: false,
      isArmed: false,
      isBusy: false,
      isTouched: false,
    }));
  }

  /** From here on nothing goes wrong any more; where somebody has changed a file, the old files are back. */
  calmDown(): void {
    this.#isCalm = true;
    for (const place of this.#places.filter(({ isTouched }) => isTouched)) this.#putBack(place);
  }

  place(host: number): ServerPlace {
    return this.#places[host] as ServerPlace;
  }

  look(host: number): Observation {
    if (this.happens(20)) return { kind: "lost", why: "cut off" };
    const { files, hasWork } = this.place(host);
    return { kind: "certificates-seen", hasWork, certificates: files.map(judge) };
  }

  /** The files that a server reads must match. */
  reload(host: number): void {
    const place = this.place(host);
    if (place.isTouched) return;
    const states = new Set(place.files.map(judge));
    if (states.has("mixed")) this.wrong.push(`host ${host} was reloaded with half a pair`);
    place.served = states.has("old") ? "old" : "new";
  }

  /** Anything may have happened between two acts. */
  tick(): void {
    for (const place of this.#places) {
      if (place.isArmed && !place.isBusy && this.happens(60)) {
        place.isArmed = false;
        if (!place.isTouched) this.#putBack(place);
      }
      if (place.hasWork && this.happens(400)) {
        place.isTouched = true;
        place.isArmed = false;
        const files = place.files[this.#dice(place.files.length)] ?? [];
        files[this.#dice(files.length)] = "other";
      }
    }
    if (!this.happens(12)) return;
    for (const place of this.#places) place.isBusy = false;
    throw new Killed();
  }

  happens(once: number): boolean {
    return !this.#isCalm && this.#dice(once) === 0;
  }

  isAt(host: number, wanted: "old" | "new"): boolean {
    const { files, served, hasWork, isArmed, isTouched } = this.place(host);
    const isSo = served === wanted && files.flat().every((file) => file === wanted);
    return !hasWork && !isArmed && (isSo || isTouched);
  }

  #putBack(place: ServerPlace): void {
    for (const files of place.files) files.fill("old");
    place.served = "old";
  }
}

function judge(files: readonly FileNow[]): CertificateSeen {
  if (files.includes("other")) return "other";
  if (files.every((file) => file === "new")) return "new";
  return files.includes("new") ? "mixed" : "old";
}
