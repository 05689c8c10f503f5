/* C interface of equivariant-gnn. Made by cbindgen from crates/equivariant-gnn-c; do not edit. */

#ifndef EQUIVARIANT_GNN_H
#define EQUIVARIANT_GNN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 What a call says about its success.
 */
typedef enum {
  /*
   All went well.
   */
  EGNN_OK = 0,
  /*
   A pointer that must not be null is null.
   */
  EGNN_NULL_POINTER = 1,
  /*
   A text is not UTF-8.
   */
  EGNN_NOT_UTF8 = 2,
  /*
   The potential could not be loaded.
   */
  EGNN_NOT_LOADED = 3,
  /*
   The structure is not valid or cannot be evaluated.
   */
  EGNN_NOT_EVALUATED = 4,
  /*
   A fault inside the library.
   */
  EGNN_PANIC = 5,
} egnn_status;

/*
 A potential with its weights, and the neighbours of the last structure.
 */
typedef struct egnn_potential egnn_potential;

/*
 Atoms and their cell. Zero in a field that is not set means: not there.
 */
typedef struct {
  /*
   Number of atoms.
   */
  size_t atoms;
  /*
   Atomic number of each atom.
   */
  const int32_t *atomic_numbers;
  /*
   Three coordinates of each atom (angstrom).
   */
  const double *positions;
  /*
   Nine numbers: the cell vectors as rows (angstrom); null for a molecule.
   */
  const double *cell;
  /*
   Which cell vectors repeat.
   */
  bool periodic[3];
  /*
   Total charge (e).
   */
  int32_t charge;
  /*
   Unpaired electrons.
   */
  uint32_t unpaired;
} egnn_structure;

/*
 What a potential says about a structure. The caller sets the pointers, null for what it does not
 want, and the call writes the rest.
 */
typedef struct {
  /*
   Total energy (eV).
   */
  double energy;
  /*
   Three forces of each atom (eV/angstrom).
   */
  double *forces;
  /*
   The energy attributed to each atom (eV).
   */
  double *atom_energies;
  /*
   Nine numbers: the stress (eV/angstrom^3), positive under tension; not a number where the cell does
   not repeat along all three axes.
   */
  double *stress;
  /*
   Standard deviation of the energy over the members of an ensemble (eV); not a number otherwise.
   */
  double energy_uncertainty;
  /*
   The same of each force component (eV/angstrom).
   */
  double *force_uncertainty;
} egnn_result;

#ifdef __cplusplus
extern "C" {
#endif // __cplusplus

/*
 Copies the text of this thread's last failure into `buffer`, cut to `size` bytes with the
 terminating zero, and returns the bytes that the whole text takes with it. With a null buffer
 it only counts. Before any failure the text is empty.

 # Safety
 `buffer` is null or has room for `size` bytes.
 */
size_t egnn_last_error(char *buffer, size_t size);

/*
 Loads the potential of a folder onto a device (`"flex"`, `"cuda"`, `"cuda:1"`, `"tch"`, as far as the
 library was built with them) and writes it to `out`, which is set to null where that fails.

 # Safety
 The texts end with a zero; `out` is null or can be written.
 */
egnn_status egnn_load(const char *folder,
                      const char *device,
                      egnn_potential **out);

/*
 Frees a potential; null is fine.

 # Safety
 `potential` is null or from `egnn_load`, is freed once, and is in no other thread's use.
 */
void egnn_free(egnn_potential *potential);

/*
 The distance from which on atoms do not see each other (angstrom); zero for null.

 # Safety
 `potential` is null or from `egnn_load`.
 */
double egnn_cutoff(const egnn_potential *potential);

/*
 Whether the potential was made for an element; false for null.

 # Safety
 `potential` is null or from `egnn_load`.
 */
bool egnn_knows(const egnn_potential *potential, int32_t atomic_number);

/*
 How many networks the potential has: more than one if it is an ensemble, which has uncertainties; zero for
 null.

 # Safety
 `potential` is null or from `egnn_load`.
 */
size_t egnn_members(const egnn_potential *potential);

/*
 Evaluates a structure. Where it fails, nothing is written.

 # Safety
 `potential` is null or from `egnn_load`; the other pointers are null or point to as many numbers as
 their fields say.
 */
egnn_status egnn_evaluate(const egnn_potential *potential,
                          const egnn_structure *structure,
                          egnn_result *result);

#ifdef __cplusplus
}  // extern "C"
#endif  // __cplusplus

#endif  /* EQUIVARIANT_GNN_H */
