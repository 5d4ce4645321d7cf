/** An adapter that is added to a model's weights. */
export interface ModelAdapter {
  /** Its name, by which the decoder knows it. */
  readonly name: string;
  /** Multiply-adds that it adds to those of the model, for one token. */
  readonly multiplyAddsPerToken: number;
}
