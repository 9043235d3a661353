/* Few parameters: each is in all lanes of a vector of its own, over all steps. */
#include "three.h"

double train(long steps, double *weights, const double *inputs, const double *targets)
{
    Lanes p[PARAMETERS], squares = {};
    load(inputs, targets);
    for (int k = 0; k < PARAMETERS; k++)
        p[k] = all(weights[k]);
    for (long step = 0; step < steps; step++) {
        Lanes g[PARAMETERS];
        squares = all(0);
        UNROLL for (int k = 0; k < PARAMETERS; k++)
            g[k] = p[k] * (1. / LANES);
        for (int block = 0; block < BLOCKS; block++) {
            Lanes first[FIRST], second[SECOND], to_first[FIRST], to_second[SECOND];
            const Lanes *x = xs[block];
            UNROLL for (int o = 0; o < FIRST; o++) {
                Lanes z = p[W1 + o * (INPUTS + 1) + INPUTS];
                UNROLL for (int i = 0; i < INPUTS; i++)
                    z += p[W1 + o * (INPUTS + 1) + i] * x[i];
                first[o] = z;
            }
            squash(first, FIRST);
            UNROLL for (int o = 0; o < SECOND; o++) {
                Lanes z = p[W2 + o * (FIRST + 1) + FIRST];
                UNROLL for (int i = 0; i < FIRST; i++)
                    z += p[W2 + o * (FIRST + 1) + i] * first[i];
                second[o] = z;
            }
            squash(second, SECOND);
            Lanes z = p[W3 + SECOND];
            UNROLL for (int i = 0; i < SECOND; i++)
                z += p[W3 + i] * second[i];
            if (!TANH)
                squash(&z, 1);
            Lanes error = z - ys[block];
            if (SAMPLES % LANES)
                error *= there[block];
            squares += error * error;
            Lanes delta = error * (TANH ? all(2 * -RATE) : 2 * -RATE * slope(z));
            g[W3 + SECOND] += delta;
            UNROLL for (int i = 0; i < SECOND; i++) {
                g[W3 + i] += delta * second[i];
                to_second[i] = delta * (p[W3 + i] * slope(second[i]));
                g[W2 + i * (FIRST + 1) + FIRST] += to_second[i];
            }
            UNROLL for (int i = 0; i < FIRST; i++) {
                Lanes bent = slope(first[i]);
                to_first[i] = all(0);
                UNROLL for (int o = 0; o < SECOND; o++) {
                    to_first[i] += to_second[o] * (bent * p[W2 + o * (FIRST + 1) + i]);
                    g[W2 + o * (FIRST + 1) + i] += to_second[o] * first[i];
                }
                g[W1 + i * (INPUTS + 1) + INPUTS] += to_first[i];
                UNROLL for (int k = 0; k < INPUTS; k++)
                    g[W1 + i * (INPUTS + 1) + k] += to_first[i] * x[k];
            }
        }
        UNROLL for (int k = 0; k < PARAMETERS; k++)
            p[k] = total(g[k]);
    }
    for (int k = 0; k < PARAMETERS; k++)
        weights[k] = p[k][0];
    return total(squares)[0];
}
