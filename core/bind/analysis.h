/* What the three classes of dpl.analysis share: a file each. */
#ifndef DPL_BIND_ANALYSIS_H
#define DPL_BIND_ANALYSIS_H

#include "bind/setup.h"

extern const dpl_class dpl_schedule_analyzer_class;
extern const dpl_class dpl_bubble_calculator_class;
extern const dpl_class dpl_communication_analyzer_class;

#endif
