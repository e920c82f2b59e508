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

/** An input with each named file as `map` writes it. Its text must have been read by no schema yet. */
export function mapNamedFiles(
  schema: z.core.$ZodType,
  value: unknown,
  map: (use: LocalFileUse, text: string) => string,
): unknown {
  const use = z.globalRegistry.get(schema)?.[META];
  if (use !== undefined) return typeof value === "string" ? map(use as LocalFileUse, value) : value;
  const { def } = (schema as z.ZodType)._zod as { def: Def };
  const again = (inner: z.core.$ZodType, part: unknown) => mapNamedFiles(inner, part, map);
  if (def.innerType) return again(def.innerType, value);
  if (def.in) return again(def.in, value);
  if (def.options)
    return def.options.filter(isMember(def, value)).reduce((part, option) => again(option, part), value);
  const { element, shape } = def;
  if (element && Array.isArray(value)) return value.map((each) => again(element, each));
  if (!shape || typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, shape[name] ? again(shape[name], part) : part]),
  );
}

/** Of a union whose members a field tells apart, the one that the value is; of any other, each. */
function isMember({ discriminator }: Def, value: unknown): (option: z.core.$ZodType) => boolean {
  if (discriminator === undefined || typeof value !== "object" || value === null) return () => true;
  const name = (value as Record<string, unknown>)[discriminator];
  return (option) => {
    const { def } = (option as z.ZodType)._zod as { def: Def };
    const field = def.shape?.[discriminator];
    return field ? (field as z.ZodType).safeParse(name).success : true;
  };
}

/** The parts of a schema that hold others. */
type Def = {
  discriminator?: string;
  innerType?: z.core.$ZodType;
  in?: z.core.$ZodType;
  element?: z.core.$ZodType;
  options?: readonly z.core.$ZodType[];
  shape?: Readonly<Record<string, z.core.$ZodType>>;
};
