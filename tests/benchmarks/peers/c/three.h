/* A network of three layers and one output on samples in lanes: its sizes and its data.

   Compiled for each network: INPUTS, FIRST, SECOND (neurons), SAMPLES, RATE, and TANH (tanh, tanh,
   identity) or not (sigmoid thrice). */
#include "lanes.h"

enum {
    BLOCKS = (SAMPLES + LANES - 1) / LANES,
    W1 = 0,
    W2 = W1 + FIRST * (INPUTS + 1),
    W3 = W2 + SECOND * (FIRST + 1),
    PARAMETERS = W3 + SECOND + 1,
};

static Lanes xs[BLOCKS][INPUTS], ys[BLOCKS], there[BLOCKS];

static void load(const double *inputs, const double *targets)
{
    memset(there, 0, sizeof there);
    for (int s = 0; s < SAMPLES; s++) {
        for (int i = 0; i < INPUTS; i++)
            xs[s / LANES][i][s % LANES] = inputs[s * INPUTS + i];
        ys[s / LANES][s % LANES] = targets[s];
        there[s / LANES][s % LANES] = 1;
    }
}
