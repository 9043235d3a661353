/* Vectors of LANES doubles, and the networks' functions on them: TANH, or sigmoid. */
#include <stddef.h>
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 64")

#ifndef LANES
#if defined __AVX512F__
#define LANES 8
#elif defined __AVX__
#define LANES 4
#else
#define LANES 2
#endif
#endif

#ifndef TANH
#define TANH 0
#endif

/* Whether two functions share a division: slower where their latency is what counts. */
#ifndef PAIRED
#define PAIRED 1
#endif

typedef double Lanes __attribute__((vector_size(8 * LANES)));
typedef long long Bits __attribute__((vector_size(8 * LANES)));
/* The same, wherever it lies. */
typedef double Loose __attribute__((vector_size(8 * LANES), aligned(8), may_alias));

INLINE Lanes all(double value)
{
    return value - (Lanes){};
}

/* 1 + e^(factor * x); the factor is 1, -1 or 2, and costs nothing. e^r is a polynomial, with an
   error of 2e-17, in short chains. */
INLINE Lanes one_plus_exp(Lanes x, double factor)
{
    /* Added to a number, it leaves the nearest whole one, and 1023, in the lowest bits. */
    const double whole = 0x1.8p52 + 1023, f2 = factor * factor, f4 = f2 * f2, f8 = f4 * f4;
    Lanes shifted = x * (0x1.71547652b82fep0 * factor) + whole;
    Lanes power = shifted - whole;
    Lanes r = x - power * (0x1.62e42fefa38p-1 / factor) - power * (0x1.ef35793c7673p-45 / factor);
    Lanes scale = (Lanes)((Bits)shifted << 52);
    Lanes r2 = r * r, r4 = r2 * r2;
    Lanes p0 = 1 + r * factor;
    Lanes p2 = 0x1.0000000000001p-1 * f2 + r * (0x1.5555555555556p-3 * factor * f2);
    Lanes p4 = 0x1.5555555553d63p-5 * f4 + r * (0x1.11111111109b3p-7 * factor * f4);
    Lanes p6 = 0x1.6c16c1788bd9p-10 * f2 * f4 + r * (0x1.a01a01a7c41d5p-13 * factor * f2 * f4);
    Lanes p8 = 0x1.a019b90d2ae7ap-16 * f8 + r * (0x1.71de0dae63bb3p-19 * factor * f8);
    Lanes p10 = 0x1.289185613a3d6p-22 * f2 * f8 + r * (0x1.af38a9b0ec855p-26 * factor * f2 * f8);
    Lanes low = p0 + r2 * p2;
    Lanes high = p4 + r2 * p6 + r4 * (p8 + r2 * p10);
    return (scale * r4) * high + (scale * low + 1);
}

/* The sum of all lanes, in all lanes. */
INLINE Lanes total(Lanes v)
{
#if LANES == 8
    v += __builtin_shuffle(v, (Bits){4, 5, 6, 7, 0, 1, 2, 3});
    v += __builtin_shuffle(v, (Bits){2, 3, 0, 1, 6, 7, 4, 5});
    return v + __builtin_shuffle(v, (Bits){1, 0, 3, 2, 5, 4, 7, 6});
#elif LANES == 4
    v += __builtin_shuffle(v, (Bits){2, 3, 0, 1});
    return v + __builtin_shuffle(v, (Bits){1, 0, 3, 2});
#else
    return v + __builtin_shuffle(v, (Bits){1, 0});
#endif
}

INLINE Lanes slope(Lanes y)
{
    return TANH ? 1 - y * y : y * (1 - y);
}

INLINE Lanes from_inverse(Lanes inverse)
{
    return TANH ? 1 - 2 * inverse : inverse;
}

INLINE void squash(Lanes *values, int count)
{
    int paired = PAIRED ? count / 2 * 2 : 0;
    UNROLL for (int k = 0; k < count; k++)
        values[k] = one_plus_exp(values[k], TANH ? 2 : -1);
    UNROLL for (int k = 0; k < paired; k += 2) {
        Lanes a = values[k], b = values[k + 1], inverse = 1 / (a * b);
        values[k] = from_inverse(inverse * b);
        values[k + 1] = from_inverse(inverse * a);
    }
    UNROLL for (int k = paired; k < count; k++)
        values[k] = from_inverse(1 / values[k]);
}
