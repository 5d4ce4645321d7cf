import type { Outcome } from './access-service.ts';

/** Upper bounds of the buckets of durations, in seconds. */
const SECONDS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
/**
 * Label values of one metric. Models, statuses and reasons are far fewer; should one of them ever hold a client's text,
 * it cannot fill the memory.
 */
const MAX_SERIES = 500;

/** Counts of one metric by the text of its labels. */
type Series = Map<string, number>;

/**
 * Counts all requests of a deployment since the object started. Prometheus expects counters to begin anew after a
 * restart.
 */
export class AccessCounts {
  readonly #requests: Series = new Map();
  readonly #refusals: Series = new Map();
  readonly #tokens: Series = new Map();
  readonly #buckets: number[] = SECONDS.map(() => 0);
  #seconds = 0;
  #ended = 0;
  #gone = 0;

  /** A request that was not admitted. @param reason a limit's name, or what is wrong with its key */
  refuse(reason: string): void {
    count(this.#refusals, labels({ reason }), 1);
  }

  settle({ status, model = '', promptTokens, completionTokens, milliseconds }: Outcome): void {
    count(this.#requests, labels({ status: String(status), model }), 1);
    count(this.#tokens, labels({ kind: 'prompt', model }), promptTokens);
    count(this.#tokens, labels({ kind: 'completion', model }), completionTokens);
    const seconds = milliseconds / 1000;
    this.#seconds += seconds;
    this.#ended++;
    for (const [index, bound] of SECONDS.entries()) if (seconds <= bound) this.#buckets[index]++;
  }

  /** Requests whose end nobody has reported. */
  lose(requests: number): void {
    this.#gone += requests;
  }

  /** @param gauges what the object knows at this moment, by name */
  toPrometheus(gauges: Record<string, { help: string; value: number }>): string {
    return [
      ...metric('gpt_edge_requests_total', 'Requests that have ended, by status and model.', 'counter', this.#requests),
      ...metric('gpt_edge_refusals_total', 'Requests that were not admitted, by reason.', 'counter', this.#refusals),
      ...metric('gpt_edge_tokens_total', 'Tokens of prompts and completions.', 'counter', this.#tokens),
      ...metric('gpt_edge_lost_requests_total', 'Requests whose end was never reported.', 'counter', new Map([['', this.#gone]])),
      ...this.#histogram('gpt_edge_request_seconds', 'Seconds from a request to the end of its answer.'),
      ...Object.entries(gauges).flatMap(([name, { help, value }]) => metric(name, help, 'gauge', new Map([['', value]]))),
      '',
    ].join('\n');
  }

  #histogram(name: string, help: string): string[] {
    const buckets = SECONDS.map((bound, index) => `${name}_bucket{le="${bound}"} ${this.#buckets[index]}`);
    return [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} histogram`,
      ...buckets,
      `${name}_bucket{le="+Inf"} ${this.#ended}`,
      `${name}_sum ${this.#seconds}`,
      `${name}_count ${this.#ended}`,
    ];
  }
}

function count(series: Series, key: string, amount: number): void {
  if (!series.has(key) && series.size >= MAX_SERIES) return;
  series.set(key, (series.get(key) ?? 0) + amount);
}

const labels = (pairs: Record<string, string>): string =>
  `{${Object.entries(pairs)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',')}}`;

const metric = (name: string, help: string, type: 'counter' | 'gauge', series: Series): string[] => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} ${type}`,
  ...[...series].map(([key, value]) => `${name}${key} ${value}`),
];
