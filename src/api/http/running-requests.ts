import { GptEdgeError } from '../../core/errors.ts';
import { parseVariantId } from '../../core/folder/adapter-files.ts';
import type { WorkBudget } from '../../generation/work-budget.ts';
import type { RequestRecord } from '../request-log/request-record.ts';

/** Which requests an operator stops: one by its id, or all of a model, with those of its adapters. */
export type StopTarget = { readonly id: string } | { readonly model: string };

interface RunningRequest {
  /** The request's own id. That of its answer is in the record. */
  readonly requestId: string;
  readonly record: RequestRecord;
  readonly budget: WorkBudget;
}

/** The requests of an isolate that use a model, by the engine object in which they run, so that they can be stopped. */
export class RunningRequests {
  /** Requests of one object may not touch those of another, so each has its own set; `WORKER` stands for the Worker. */
  readonly #running = new WeakMap<object, Set<RunningRequest>>();

  /** @param place the engine object in which the request runs; undefined in the Worker */
  add(place: object | undefined, request: RunningRequest): void {
    const running = this.#of(place);
    running.add(request);
    void request.record.ended.then(() => running.delete(request));
  }

  /**
   * Ends requests as a timeout does: decoding ends before the next step, the room is free at once, and the client is
   * told the error `stopped`.
   * @returns how many
   */
  stop(place: object | undefined, target: StopTarget): number {
    const stopped = [...this.#of(place)].filter((request) => isMeant(request, target) && !request.budget.signal.aborted);
    for (const { budget } of stopped) budget.abort(new GptEdgeError('stopped', 'The operator of this deployment has stopped the request.'));
    return stopped.length;
  }

  #of(place: object = WORKER): Set<RunningRequest> {
    const running = this.#running.get(place) ?? new Set();
    this.#running.set(place, running);
    return running;
  }
}

const WORKER = {};

const isMeant = ({ requestId, record }: RunningRequest, target: StopTarget): boolean =>
  'id' in target
    ? target.id === requestId || target.id === record.answerId
    : record.model === target.model || parseVariantId(record.model ?? '').base === target.model;
