import { lines } from './lines.ts';
import { SideExits } from './side-exits.ts';

/** What one step of a tile multiplies, and how. */
export interface TileStep {
  /** Loads the step's vector number `vector` of weights. */
  readonly weights: (vector: number) => string;
  /** Loads the step's activations in the tile's row number `row`, repeated over a vector. */
  readonly activations: (row: number) => string;
  /** Adds the product of activations and weights to a sum, or begins it if there is none. */
  readonly add: (sum: string | undefined, activations: string, weights: string) => string;
  /** Whether this step sets the sums instead of adding to them. */
  readonly begins: boolean;
}

/**
 * A tile: `vectors` vectors of outputs times `rows` rows of x, with the sum of each pair in a register. A weight that
 * was loaded serves all rows, and an activation all vectors. More than 8 sums would not fit into the 16 registers of an
 * x64 processor beside them.
 */
export class Tile {
  readonly vectors: number;
  readonly rows: number;
  readonly #exits: SideExits;

  /** `pointer`: a pointer variable of the loop, with which the side exits are written. */
  constructor(vectors: number, rows: number, pointer: string) {
    this.vectors = vectors;
    this.rows = rows;
    this.#exits = new SideExits(pointer);
  }

  /** The name of the variable that holds a sum. */
  sum(vector: number, row: number): string {
    return `t${vector}_${row}`;
  }

  /** The names of all sums, vector by vector. */
  get sums(): string[] {
    return Array.from({ length: this.vectors * this.rows }, (_, index) => this.sum(Math.floor(index / this.rows), index % this.rows));
  }

  /** The source of one step for all sums, and of the side exit that keeps the next step after it. */
  step({ weights, activations, add, begins }: TileStep): string {
    const multiply = (row: number, vector: number) => {
      const sum = this.sum(vector, row);
      return `${sum} = ${add(begins ? undefined : sum, 's', `w${vector}`)};`;
    };
    return `{
  ${lines(this.vectors, (vector) => `const w${vector} = ${weights(vector)};`)}
  ${lines(this.rows, (row) => `{ const s = ${activations(row)}; ${lines(this.vectors, (vector) => multiply(row, vector))} }`)}
}
${this.#exits.next(this.sums)}`;
  }
}
