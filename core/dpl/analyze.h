/* Closed forms, traffic, the chunk counts that reach a bubble ratio. Part of dpl.h, which includes it. */
#ifndef DPL_ANALYZE_H
#define DPL_ANALYZE_H

#include "../dpl.h"

#ifdef __cplusplus
extern "C" {
#endif

#ifdef __cplusplus
}
#endif

#endif
