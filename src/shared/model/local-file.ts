import { z } from "zod";

/** The uses for which a caller names a file of the computer that Latchkey runs on. */
export type LocalFileUse = "ssh-config" | "identity" | "key-or-identity" | "new-key" | "program" | "plan";

const META = "localFile";

/** Marks a field whose text names a file of this computer: the guard decides which of them a page may name. */
export const localFile = <T extends z.ZodType>(use: LocalFileUse, schema: T): T =>
  schema.meta({ [META]: use });

/** A path of this computer, for one use. */
export const LocalPath = (use: LocalFileUse) => localFile(use, z.string().max(4_096));

export type NamedFile = { use: LocalFileUse; value: unknown };

/**
 * The files that an input names. Its schema has parsed it already; of a union, each member that has the field counts.
 */
export function findNamedFiles(schema: z.core.$ZodType, value: unknown): NamedFile[] {
  if (value === undefined || value === null) return [];
  const use = z.globalRegistry.get(schema)?.[META];
  if (use !== undefined) return [{ use: use as LocalFileUse, value }];
  const { def } = (schema as z.ZodType)._zod as { def: Def };
  if (def.innerType) return findNamedFiles(def.innerType, value);
  if (def.in) return findNamedFiles(def.in, value);
  if (def.options) return def.options.flatMap((option) => findNamedFiles(option, value));
  if (def.element && Array.isArray(value))
    return value.flatMap((each) => findNamedFiles(def.element as z.core.$ZodType, each));
  if (def.shape && typeof value === "object")
    return Object.entries(def.shape).flatMap(([name, field]) =>
      findNamedFiles(field, (value as Record<string, unknown>)[name]),
    );
  return [];
}

/** The parts of a schema that hold others. */
type Def = {
  innerType?: z.core.$ZodType;
  in?: z.core.$ZodType;
  element?: z.core.$ZodType;
  options?: readonly z.core.$ZodType[];
  shape?: Readonly<Record<string, z.core.$ZodType>>;
};
