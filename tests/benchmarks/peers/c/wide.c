/* More parameters: gradients are summed in tiles, over the values and deltas of many samples.

   FIRST and SECOND are multiples of LANES. Weights lie input by input, so that the neurons of a
   layer are neighbours; the biases come last. */
#include "three.h"

enum { TILE = 16, MANY = 64, CHUNK = BLOCKS < MANY ? BLOCKS : MANY };

static Lanes first[CHUNK][FIRST], second[CHUNK][SECOND];
static Lanes to_first[CHUNK][FIRST], to_second[CHUNK][SECOND], to_out[CHUNK];
static double w[PARAMETERS] __attribute__((aligned(64))), gradients[PARAMETERS];

INLINE void layer(int inputs, int width, const double *w, const Lanes *x, Lanes *y)
{
    for (int from = 0; from < width; from += TILE) {
        int count = width - from < TILE ? width - from : TILE;
        Lanes z[TILE];
        UNROLL for (int o = 0; o < count; o++)
            z[o] = all(w[inputs * width + from + o]);
        for (int i = 0; i < inputs; i++)
            UNROLL for (int o = 0; o < count; o++)
                z[o] += w[i * width + from + o] * x[i];
        squash(z, count);
        UNROLL for (int o = 0; o < count; o++)
            y[from + o] = z[o];
    }
}

/* The sums of the lanes of as many vectors as a vector has lanes. */
INLINE Lanes totals(Lanes v[LANES])
{
#if LANES == 8
    UNROLL for (int k = 0; k < 8; k += 2)
        v[k] = __builtin_shuffle(v[k], v[k + 1], (Bits){0, 8, 2, 10, 4, 12, 6, 14})
            + __builtin_shuffle(v[k], v[k + 1], (Bits){1, 9, 3, 11, 5, 13, 7, 15});
    UNROLL for (int k = 0; k < 8; k += 4)
        v[k] = __builtin_shuffle(v[k], v[k + 2], (Bits){0, 1, 8, 9, 4, 5, 12, 13})
            + __builtin_shuffle(v[k], v[k + 2], (Bits){2, 3, 10, 11, 6, 7, 14, 15});
    return __builtin_shuffle(v[0], v[4], (Bits){0, 1, 2, 3, 8, 9, 10, 11})
        + __builtin_shuffle(v[0], v[4], (Bits){4, 5, 6, 7, 12, 13, 14, 15});
#elif LANES == 4
    UNROLL for (int k = 0; k < 4; k += 2)
        v[k] = __builtin_shuffle(v[k], v[k + 1], (Bits){0, 4, 2, 6})
            + __builtin_shuffle(v[k], v[k + 1], (Bits){1, 5, 3, 7});
    return __builtin_shuffle(v[0], v[2], (Bits){0, 1, 4, 5})
        + __builtin_shuffle(v[0], v[2], (Bits){2, 3, 6, 7});
#else
    return __builtin_shuffle(v[0], v[1], (Bits){0, 2}) + __builtin_shuffle(v[0], v[1], (Bits){1, 3});
#endif
}

/* moved[row][...] += the sums over samples of x[row] times each delta. */
INLINE void descend(int blocks, int rows, int width, double *moved, const Lanes *x,
                    const Lanes *delta)
{
    for (int o = 0; o < width; o += LANES)
        for (int from = 0; from < rows; from += 2) {
            int count = rows - from < 2 ? rows - from : 2;
            Lanes g[2][LANES] = {};
            for (int block = 0; block < blocks; block++)
                UNROLL for (int k = 0; k < LANES; k++)
                    UNROLL for (int r = 0; r < count; r++)
                        g[r][k] += x[block * rows + from + r] * delta[block * width + o + k];
            UNROLL for (int r = 0; r < count; r++)
                *(Loose *)(moved + (from + r) * width + o) += totals(g[r]);
        }
}

INLINE void descend_biases(int blocks, int width, double *moved, const Lanes *delta)
{
    for (int o = 0; o < width; o += LANES) {
        Lanes g[LANES] = {};
        for (int block = 0; block < blocks; block++)
            UNROLL for (int k = 0; k < LANES; k++)
                g[k] += delta[block * width + o + k];
        *(Loose *)(moved + o) += totals(g);
    }
}

/* Values and deltas of a block of samples; returns the squares of its errors. */
INLINE Lanes there_and_back(int block, int at)
{
    layer(INPUTS, FIRST, w + W1, xs[block], first[at]);
    layer(FIRST, SECOND, w + W2, first[at], second[at]);
    Lanes z[4] = {all(w[W3 + SECOND])};
    UNROLL for (int i = 0; i < SECOND; i++)
        z[i % 4] += w[W3 + i] * second[at][i];
    Lanes out = z[0] + z[1] + (z[2] + z[3]);
    if (!TANH)
        squash(&out, 1);
    Lanes error = (out - ys[block]) * there[block];
    Lanes delta = error * (TANH ? all(2 * -RATE) : 2 * -RATE * slope(out));
    to_out[at] = delta;
    for (int i = 0; i < SECOND; i++)
        to_second[at][i] = delta * w[W3 + i] * slope(second[at][i]);
    for (int from = 0; from < FIRST; from += TILE) {
        int count = FIRST - from < TILE ? FIRST - from : TILE;
        Lanes d[TILE] = {};
        for (int o = 0; o < SECOND; o++)
            UNROLL for (int i = 0; i < count; i++)
                d[i] += w[W2 + (from + i) * SECOND + o] * to_second[at][o];
        UNROLL for (int i = 0; i < count; i++)
            to_first[at][from + i] = d[i] * slope(first[at][from + i]);
    }
    return error * error;
}

/* Neuron by neuron to input by input, or back. */
static void turn(double *weights, double *turned, int rows, int columns)
{
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++)
            turned[c * rows + r] = weights[r * columns + c];
}

double train(long steps, double *weights, const double *inputs, const double *targets)
{
    /* Deltas of later samples need the weights as they were. */
    double *moved = BLOCKS > (int)MANY ? gradients : w;
    Lanes squares = {};
    load(inputs, targets);
    turn(weights + W1, w + W1, FIRST, INPUTS + 1);
    turn(weights + W2, w + W2, SECOND, FIRST + 1);
    turn(weights + W3, w + W3, 1, SECOND + 1);
    for (long step = 0; step < steps; step++) {
        squares = all(0);
        for (int from = 0; from < BLOCKS; from += CHUNK) {
            int count = BLOCKS - from < CHUNK ? BLOCKS - from : CHUNK;
            Lanes last = all(0);
            for (int at = 0; at < count; at++)
                squares += there_and_back(from + at, at);
            descend(count, INPUTS, FIRST, moved + W1, xs[from], to_first[0]);
            descend_biases(count, FIRST, moved + W1 + INPUTS * FIRST, to_first[0]);
            descend(count, FIRST, SECOND, moved + W2, first[0], to_second[0]);
            descend_biases(count, SECOND, moved + W2 + FIRST * SECOND, to_second[0]);
            descend(count, 1, SECOND, moved + W3, to_out, second[0]);
            for (int at = 0; at < count; at++)
                last += to_out[at];
            moved[W3 + SECOND] += total(last)[0];
        }
        if (moved == gradients)
            for (int k = 0; k < PARAMETERS; k++) {
                w[k] += gradients[k];
                gradients[k] = 0;
            }
    }
    turn(w + W1, weights + W1, INPUTS + 1, FIRST);
    turn(w + W2, weights + W2, FIRST + 1, SECOND);
    turn(w + W3, weights + W3, SECOND + 1, 1);
    return total(squares)[0];
}
