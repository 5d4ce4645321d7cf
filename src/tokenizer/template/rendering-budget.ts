import { TemplateLimitError } from './template-limit-error.ts';

/**
 * Steps of a rendering: one for each node that is evaluated, and more for the texts and lists that nodes give. Real
 * templates take some 50 for each message; so many steps take about 0.1 s.
 */
const MAX_TEMPLATE_STEPS = 100_000;
/** Steps of one expression or macro, in which nothing else runs. */
const MAX_STEPS_AT_ONCE = 25_000;
/** Steps after which others may have their turn. */
const STEPS_PER_TURN = 2_000;
/** Nodes within nodes, as in a chain of elif or a macro that calls itself. */
const MAX_DEPTH = 400;
/** Characters that take as long to encode as a step takes. */
const ENCODED_PER_STEP = 2;

/** Bounds one rendering in steps and depth, because templates come with models that people download. */
export class RenderingBudget {
  #steps = 0;
  #sinceTurn = 0;
  #depth = 0;

  /** @throws TemplateLimitError if the rendering takes too many steps */
  spend(steps: number): void {
    this.#steps += steps;
    this.#sinceTurn += steps;
    if (this.#steps > MAX_TEMPLATE_STEPS) throw new TemplateLimitError(`takes more than ${MAX_TEMPLATE_STEPS} steps`);
    if (this.#sinceTurn > MAX_STEPS_AT_ONCE)
      throw new TemplateLimitError(`takes more than ${MAX_STEPS_AT_ONCE} steps in one expression or macro`);
  }

  /** Must be called before a node that is within another, and `leave` after it. */
  enter(): void {
    if (this.#depth >= MAX_DEPTH) throw new TemplateLimitError(`nests more than ${MAX_DEPTH} levels deep`);
    this.#depth++;
  }

  leave(): void {
    this.#depth--;
  }

  get isTurnDue(): boolean {
    return this.#sinceTurn >= STEPS_PER_TURN;
  }

  /** The work since the last call: the number of characters that take as long to encode. */
  takeTurn(): number {
    const work = this.#sinceTurn * ENCODED_PER_STEP;
    this.#sinceTurn = 0;
    return work;
  }
}
