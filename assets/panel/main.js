// The dashboard: fetches the metrics once a second and passes them to the parts of the page.

import { showCache } from "./cache.js";
import { showFigures } from "./figures.js";
import { drawGraphs } from "./graphs.js";
import { remember } from "./history.js";
import { followTest, forgetTest } from "./load-test.js";
import { Gone, Refused, ask, everySecond } from "./poll.js";
import { showRequests } from "./requests.js";
import * as server from "./server.js";
import { showSession } from "./session.js";
import { showReplicas } from "./store.js";

showSession().catch(() => {
  // Without an answer the button stays hidden; the next turn shows the error.
});

const phase = Date.now() % 1000;

/** Returns the current second, counted so that each turn is near the middle of its own. */
const second = () => Math.round((Date.now() - phase) / 1000);

everySecond(async () => {
  const now = second();
  try {
    const metrics = await ask("/metrics");
    remember(now, metrics);
    server.present();
    showFigures(metrics);
    showCache(metrics);
    showRequests(metrics);
    showReplicas(metrics);
    drawGraphs();
    await followTest(metrics);
  } catch (error) {
    remember(now);
    drawGraphs();
    if (error instanceof Gone) {
      forgetTest();
      server.gone();
    } else if (error instanceof Refused) {
      server.refused(error);
    } else {
      throw error;
    }
  }
});
