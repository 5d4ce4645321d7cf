export { default } from 'gpt-edge/worker';
