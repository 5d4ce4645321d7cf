import { lines } from './lines.ts';
import { SideExits } from './side-exits.ts';

/** What one step of a tile multiplies, and how. */
export interface TileStep {
  /** Loads the step's vector of weights number `vector`. */
  readonly weights: (vector: number) => string;
  /** Loads the step's activations of row `row` of the tile, repeated over a vector. */
  readonly activations: (row: number) => string;
  readonly product: (activations: string, weights: string) => string;
  readonly add: (sum: string, product: string) => string;
  /** Whether sums begin here rather than go on. */
  readonly begins: boolean;
}

/**
 * A tile: `vectors` vectors of outputs times `rows` rows of x, each pair with its sum in a register. A weight that was loaded serves all
 * rows, and an activation all vectors. More than 8 sums do not fit beside them into the 16 registers of an x64 processor.
 */
export class Tile {
  readonly vectors: number;
  readonly rows: number;
  readonly #exits: SideExits;

  /** `pointer`: a variable of the loop, for the side exits. */
  constructor(vectors: number, rows: number, pointer: string) {
    this.vectors = vectors;
    this.rows = rows;
    this.#exits = new SideExits(pointer);
  }

  /** The variable of a sum. */
  sum(vector: number, row: number): string {
    return `t${vector}_${row}`;
  }

  /** All sums, vector by vector. */
  get sums(): string[] {
    return Array.from({ length: this.vectors * this.rows }, (_, index) => this.sum(Math.floor(index / this.rows), index % this.rows));
  }

  /** One step for all sums, and the side exit that keeps the next step behind it. */
  step({ weights, activations, product, add, begins }: TileStep): string {
    const multiply = (row: number, vector: number) => {
      const sum = this.sum(vector, row);
      const term = product('s', `w${vector}`);
      return `${sum} = ${begins ? term : add(sum, term)};`;
    };
    return `{
  ${lines(this.vectors, (vector) => `const w${vector} = ${weights(vector)};`)}
  ${lines(this.rows, (row) => `{ const s = ${activations(row)}; ${lines(this.vectors, (vector) => multiply(row, vector))} }`)}
}
${this.#exits.next(this.sums)}`;
  }
}
