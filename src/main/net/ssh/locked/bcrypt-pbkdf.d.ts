declare module "bcrypt-pbkdf" {
  /** Fills `key`; returns 0, or -1 for invalid input. */
  type Pbkdf = (
    ...input: [
      ...[pass: Uint8Array, passLength: number, salt: Uint8Array, saltLength: number],
      ...[key: Uint8Array, keyLength: number, rounds: number],
    ]
  ) => number;
  const bcrypt: { pbkdf: Pbkdf };
  export = bcrypt;
}
