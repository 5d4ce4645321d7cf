import type { Playground } from '../state/playground.ts';
import type { PlaygroundState } from '../state/playground-state.ts';

/** What every part of the page that does something is given. */
export interface ViewProps {
  playground: Playground;
  state: PlaygroundState;
}
