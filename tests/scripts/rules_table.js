// Answers a table of cases by the off-line rules; tests/looks/test_offline_rules.py compares the answers.
import { nextInTurn, verdict } from "../../src/prepazka/looks/static/looks/offline/rules.js";

const { cases, now } = JSON.parse(await new Response(Deno.stdin.readable).text());

function answer(given) {
  if (given.found) {
    const v = verdict(given.found, { office: 1, today: "2026-11-23", now });
    const outcome = [v.outcome, v.found ? v.found.booking : null, v.accepted, v.late];
    return v.found ? [...outcome, v.opens, v.closes] : outcome;
  }
  const turn = nextInTurn(given.waiting, { serves: [1, 2], counter: 7, policy: given.policy, now });
  return turn ? [turn.ticket, turn.code] : [null, null];
}

console.log(JSON.stringify(cases.map(answer)));
