declare module "bcrypt-pbkdf" {
  /** Fills `key`; answers with 0, or with -1 for what it does not take. */
  type Pbkdf = (
    ...input: [
      ...[pass: Uint8Array, passLength: number, salt: Uint8Array, saltLength: number],
      ...[key: Uint8Array, keyLength: number, rounds: number],
    ]
  ) => number;
  const bcrypt: { pbkdf: Pbkdf };
  export = bcrypt;
}
