/** An entry of a list of sudoers: a user, a host, a command. `!` in front of it, each undoing the other, negates it. */
export type Item = { text: string; isNegated: boolean };

const isBlank = (character: string): boolean => character === " " || character === "\t";

/** Reads one logical line of sudoers from left to right. */
export class Scanner {
  position = 0;
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get isAtEnd(): boolean {
    return this.position >= this.text.length;
  }

  skipBlanks(): void {
    while (isBlank(this.text.charAt(this.position))) this.position++;
  }

  /** Whether this stands next, blanks aside; it is passed over then. */
  takes(mark: string): boolean {
    const start = this.position;
    this.skipBlanks();
    if (this.text.startsWith(mark, this.position)) {
      this.position += mark.length;
      return true;
    }
    this.position = start;
    return false;
  }

  /** What the pattern, which is sticky, finds next, blanks aside; null when it finds nothing, and nothing is passed over. */
  takesPattern(pattern: RegExp): RegExpExecArray | null {
    const start = this.position;
    this.skipBlanks();
    pattern.lastIndex = this.position;
    const found = pattern.exec(this.text);
    this.position = found ? pattern.lastIndex : start;
    return found;
  }

  /** A word up to a blank or one of these characters, without its quotes and escapes; null where none stands. */
  word(ends: string): string | null {
    this.skipBlanks();
    let word = "";
    const start = this.position;
    while (!this.isAtEnd) {
      const character = this.text.charAt(this.position);
      if (isBlank(character) || ends.includes(character)) break;
      this.position++;
      if (character === "\\" && !this.isAtEnd) word += this.text.charAt(this.position++);
      else if (character === '"') word += this.#quoted();
      else word += character;
    }
    return this.position === start ? null : word;
  }

  /** Words with commas between them; null where one is missing. */
  list(ends: string): Item[] | null {
    const items: Item[] = [];
    do {
      const isNegated = this.negations();
      const text = this.word(ends);
      if (text === null) return null;
      items.push({ text, isNegated });
    } while (this.takes(","));
    return items;
  }

  negations(): boolean {
    let isNegated = false;
    while (this.takes("!")) isNegated = !isNegated;
    return isNegated;
  }

  #quoted(): string {
    let text = "";
    while (!this.isAtEnd) {
      const character = this.text.charAt(this.position++);
      if (character === '"') break;
      text += character === "\\" && !this.isAtEnd ? this.text.charAt(this.position++) : character;
    }
    return text;
  }
}
