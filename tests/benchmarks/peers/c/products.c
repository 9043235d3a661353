/* Training of a network of sigmoids around BLAS's dgemm, element-wise work fused between.

   Compiled for each network: WIDTHS (inputs, then neurons), BATCH, BATCHES, RATE; and for each
   layout: TURNED (whether values lie neuron by neuron instead of sample by sample) and
   INPUT_MAJOR (whether weights lie input by input instead of neuron by neuron). */
#include <stdlib.h>
#include "lanes.h"

static const int widths[] = {WIDTHS};

enum { LAYERS = sizeof widths / sizeof *widths - 1 };

typedef void Dgemm(const char *, const char *, const int *, const int *, const int *,
                   const double *, const double *, const int *, const double *, const int *,
                   const double *, double *, const int *);

static Dgemm *dgemm;

typedef struct {
    double *data;
    int turned; /* whether what is written as rows lies in columns */
} Matrix;

/* c (m, n) = beta c + alpha a (m, k) b (k, n), told to BLAS by columns. */
static void product(int m, int n, int k, double alpha, Matrix a, Matrix b, double beta, Matrix c)
{
    int a_row = a.turned ? m : k, b_row = b.turned ? k : n, c_row = c.turned ? m : n;
    if (c.turned)
        dgemm(a.turned ? "N" : "T", b.turned ? "N" : "T", &m, &n, &k, &alpha, a.data, &a_row,
              b.data, &b_row, &beta, c.data, &c_row);
    else
        dgemm(b.turned ? "T" : "N", a.turned ? "T" : "N", &n, &m, &k, &alpha, b.data, &b_row,
              a.data, &a_row, &beta, c.data, &c_row);
}

static double *room(long count)
{
    return aligned_alloc(64, (8 * count + 63) / 64 * 64);
}

static void fill(double *values, const double *biases, int width)
{
    if (TURNED)
        for (int o = 0; o < width; o++)
            for (int s = 0; s < BATCH; s++)
                values[o * BATCH + s] = biases[o];
    else
        for (int s = 0; s < BATCH; s++)
            memcpy(values + s * width, biases, 8 * width);
}

static void activate(Lanes *values, int width)
{
    for (int k = 0; k < BATCH * width / LANES; k += 2)
        squash(values + k, 2);
}

/* Multiply by the functions' slopes, and move the biases. */
static void bend(double *delta, const double *values, int width, double *biases)
{
    int outer = TURNED ? width : width / LANES, inner = TURNED ? BATCH / LANES : BATCH;
    long outward = TURNED ? BATCH : LANES, inward = TURNED ? LANES : width;
    for (int o = 0; o < outer; o++) {
        Lanes sum = all(0);
        for (int i = 0; i < inner; i++) {
            long at = o * outward + i * inward;
            Lanes bent = *(Lanes *)(delta + at) * slope(*(const Lanes *)(values + at));
            *(Lanes *)(delta + at) = bent;
            sum += bent;
        }
        if (TURNED)
            biases[o] -= RATE * total(sum)[0];
        else
            *(Loose *)(biases + o * LANES) -= RATE * sum;
    }
}

static double errors(double *delta, const double *out, const double *targets, double *biases)
{
    int width = widths[LAYERS];
    Lanes squares = all(0);
    for (int k = 0; k < BATCH * width; k += LANES) {
        Lanes y = *(const Lanes *)(out + k), error = y - *(const Loose *)(targets + k);
        squares += error * error;
        *(Lanes *)(delta + k) = 2 * error * slope(y);
    }
    for (int o = 0; o < width; o++) {
        double sum = 0;
        for (int s = 0; s < BATCH; s++)
            sum += delta[TURNED ? o * BATCH + s : s * width + o];
        biases[o] -= RATE * sum;
    }
    return total(squares)[0];
}

/* `parameters`: of each layer the weights, then the biases. `inputs`: sample by sample; `first`:
   as values lie, as `targets` do. */
double train(Dgemm *blas, long steps, double *parameters, double *inputs, double *first,
             double *targets)
{
    double *weights[LAYERS], *biases[LAYERS], *values[LAYERS], *deltas[LAYERS], loss = 0;
    dgemm = blas;
    for (int l = 0; l < LAYERS; l++) {
        int in = widths[l], out = widths[l + 1];
        weights[l] = room(in * out);
        memcpy(weights[l], parameters, 8L * in * out);
        biases[l] = parameters + in * out;
        parameters += (in + 1) * out;
        values[l] = room(BATCH * out);
        deltas[l] = room(BATCH * out);
    }
    for (long step = 0; step < steps; step++) {
        int batch = step % BATCHES;
        long rows = (long)batch * BATCH * widths[0];
        Matrix x = {first + rows, TURNED};
        for (int l = 0; l < LAYERS; l++) {
            int in = widths[l], out = widths[l + 1];
            Matrix y = {values[l], TURNED}, w = {weights[l], !INPUT_MAJOR};
            fill(y.data, biases[l], out);
            product(BATCH, out, in, 1, x, w, 1, y);
            activate((Lanes *)y.data, out);
            x = y;
        }
        loss = errors(deltas[LAYERS - 1], x.data, targets + batch * BATCH * widths[LAYERS],
                      biases[LAYERS - 1]);
        for (int l = LAYERS - 1; l >= 0; l--) {
            int in = widths[l], out = widths[l + 1];
            Matrix delta = {deltas[l], TURNED}, w = {weights[l], !INPUT_MAJOR};
            Matrix across = {inputs + rows, 1}; /* what came in, as (in, BATCH) */
            if (l) {
                Matrix back = {deltas[l - 1], TURNED}, w_back = {w.data, INPUT_MAJOR};
                product(BATCH, in, out, 1, delta, w_back, 0, back);
                bend(back.data, values[l - 1], in, biases[l - 1]);
                across = (Matrix){values[l - 1], !TURNED};
            }
            /* The gradient goes straight into the weights. */
            product(in, out, BATCH, -RATE, across, delta, 1, w);
        }
    }
    for (int l = 0; l < LAYERS; l++) {
        free(weights[l]);
        free(values[l]);
        free(deltas[l]);
    }
    return loss;
}
