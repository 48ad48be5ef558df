/* The problem that classes are made for. */
#include "bind/setup.h"

const char *const dpl_setup_holds[] = {
    [DPL_HOLD_RANKS] = "ranks", [DPL_HOLD_STAGES] = "stages", NULL};

dpl_problem dpl_setup_problem(const dpl_setup *setup)
{
    return (dpl_problem){
        .shape = setup->shape, .costs = setup->costs, .hold = (dpl_hold)setup->hold};
}
