/* Uses every function of the interface. Arguments: the folder of a potential for water, and of an ensemble.
 * Prints what the Rust side compares, and returns the line of the first check that fails. */
#include "equivariant_gnn.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define CHECK(condition)                                                      \
    do {                                                                      \
        if (!(condition)) {                                                   \
            fprintf(stderr, "line %d: %s\n", __LINE__, #condition);           \
            return 1;                                                         \
        }                                                                     \
    } while (0)

static char message[512];

/* Whether the last failure's text contains a word. */
static int said(const char *word) {
    size_t size = egnn_last_error(message, sizeof message);
    return size == strlen(message) + 1 && strstr(message, word) != NULL;
}

int main(int argc, char **argv) {
    CHECK(argc == 3);
    egnn_potential *potential = (egnn_potential *)&message;
    CHECK(egnn_load(NULL, "flex", &potential) == EGNN_NULL_POINTER && said("folder"));
    CHECK(potential == NULL);
    CHECK(egnn_load(argv[1], NULL, &potential) == EGNN_NULL_POINTER && said("device"));
    CHECK(egnn_load(argv[1], "flex", NULL) == EGNN_NULL_POINTER && said("out"));
    CHECK(egnn_load("\xff\xfe", "flex", &potential) == EGNN_NOT_UTF8 && said("folder"));
    CHECK(egnn_load("no/such/folder", "flex", &potential) == EGNN_NOT_LOADED);
    CHECK(said("no/such/folder"));
    CHECK(egnn_load(argv[1], "abacus", &potential) == EGNN_NOT_LOADED && said("abacus"));
    CHECK(egnn_cutoff(NULL) == 0.0 && !egnn_knows(NULL, 1) && egnn_members(NULL) == 0);
    egnn_free(NULL);

    CHECK(egnn_load(argv[1], "flex", &potential) == EGNN_OK && potential != NULL);
    CHECK(egnn_cutoff(potential) == 5.0);
    CHECK(egnn_knows(potential, 8) && !egnn_knows(potential, 7) && !egnn_knows(potential, -1));
    CHECK(egnn_members(potential) == 1);

    int32_t numbers[3] = {8, 1, 1};
    double positions[9] = {0.0, 0.0, 0.0, 0.96, 0.0, 0.0, -0.24, 0.93, 0.0};
    double cell[9] = {6.0, 0.0, 0.0, 0.5, 6.5, 0.0, 0.0, 0.0, 7.0};
    double forces[9], energies[3], stress[9], spread[9];
    egnn_structure water = {.atoms = 3, .atomic_numbers = numbers, .positions = positions};
    egnn_result result = {
        .forces = forces, .atom_energies = energies, .stress = stress, .force_uncertainty = spread};

    CHECK(egnn_evaluate(NULL, &water, &result) == EGNN_NULL_POINTER && said("potential"));
    CHECK(egnn_evaluate(potential, NULL, &result) == EGNN_NULL_POINTER && said("structure"));
    CHECK(egnn_evaluate(potential, &water, NULL) == EGNN_NULL_POINTER && said("result"));
    egnn_structure bad = water;
    bad.positions = NULL;
    CHECK(egnn_evaluate(potential, &bad, &result) == EGNN_NULL_POINTER && said("positions"));
    bad = water;
    bad.atoms = 0;
    CHECK(egnn_evaluate(potential, &bad, &result) == EGNN_NOT_EVALUATED && said("no atoms"));
    bad = water;
    bad.periodic[1] = true;
    CHECK(egnn_evaluate(potential, &bad, &result) == EGNN_NOT_EVALUATED && said("cell"));
    numbers[2] = 300;
    CHECK(egnn_evaluate(potential, &water, &result) == EGNN_NOT_EVALUATED && said("300"));
    numbers[2] = 7;
    CHECK(egnn_evaluate(potential, &water, &result) == EGNN_NOT_EVALUATED && said("element N"));
    numbers[2] = 1;
    positions[4] = NAN;
    CHECK(egnn_evaluate(potential, &water, &result) == EGNN_NOT_EVALUATED && said("atom 1"));
    positions[4] = 0.0;
    double overlapping[9] = {0.0};
    bad = water;
    bad.positions = overlapping;
    CHECK(egnn_evaluate(potential, &bad, &result) == EGNN_NOT_EVALUATED && said("apart"));

    /* As a molecule, without anything but the energy. */
    egnn_result only = {0};
    CHECK(egnn_evaluate(potential, &water, &only) == EGNN_OK);
    CHECK(egnn_evaluate(potential, &water, &result) == EGNN_OK);
    CHECK(only.energy == result.energy && isnan(stress[0]) && isnan(spread[0]));
    CHECK(isnan(result.energy_uncertainty));
    printf("%.17g\n", result.energy);
    for (int k = 0; k < 9; k++) printf("%.17g\n", forces[k]);
    for (int k = 0; k < 3; k++) printf("%.17g\n", energies[k]);

    /* In a cell, by an ensemble. */
    egnn_free(potential);
    CHECK(egnn_load(argv[2], "flex", &potential) == EGNN_OK && egnn_members(potential) == 2);
    water.cell = cell;
    water.periodic[0] = water.periodic[1] = water.periodic[2] = true;
    CHECK(egnn_evaluate(potential, &water, &result) == EGNN_OK);
    printf("%.17g\n", result.energy);
    for (int k = 0; k < 9; k++) printf("%.17g\n", stress[k]);
    printf("%.17g\n", result.energy_uncertainty);
    for (int k = 0; k < 9; k++) printf("%.17g\n", spread[k]);
    egnn_free(potential);
    return 0;
}
