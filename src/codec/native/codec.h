/**
 * The loops of the codec for processors with AVX-512 and its operations on bytes (VBMI, VBMI2, as in Ice Lake and
 * Zen 4): text to float32 and back, sixteen, eight or four numbers at a time. Everything has been checked before a
 * call; what one of them does not decide it leaves to the portable codec.
 */
#pragma once

#include <cstddef>
#include <cstdint>

#include "tables.h"

/** What a call of readNested wants room for, in numbers, and may write beyond those it has read. */
constexpr size_t READ_ROOM = 40;

/** How many arrays may lie in each other. */
constexpr uint32_t MAX_DEPTH = 64;

enum class Kind : int32_t { nothingYet = 0, arrays = 1, numbers = 2 };

/** Why a call of readNested came to its end. */
enum class Stop : uint32_t {
  /** The tensor is whole. */
  end = 0,
  /** There is no more room. It is to be called again. */
  full = 1,
  /**
   * It stands before a number that is malformed, or that only exact arithmetic rounds. It is to be called again with the
   * position behind that.
   */
  exact = 2,
};

/** Where the reading of a tensor stands; begins with level -1 and depth 0. The layout is that of nested.ts. */
struct NestedState {
  /** Of the open arrays the innermost; -1 when there is none, before and behind the tensor. */
  int32_t level;
  /** How many levels have been seen. */
  uint32_t depth;
  /** How many numbers the last call has read. */
  uint32_t count;
  Stop stop;
  /** By level: the length of its arrays, -1 while the first is open. */
  int32_t shape[MAX_DEPTH];
  /** By level: how many elements of the open array have been read. */
  int32_t counts[MAX_DEPTH];
  Kind kinds[MAX_DEPTH];
};

/**
 * Reads nested arrays of numbers.
 * @param begin of the document, which ends, but for whitespace, with a byte that belongs to no number and no array
 * @param at the first bracket, or where the state says
 * @param room for so many numbers; with less than READ_ROOM nothing is read
 * @returns behind the last bracket, or where it stopped; nullptr for what is no rectangular array of numbers
 */
const char* readNested(const Tables& tables, const char* begin, const char* at, const char* end, uint32_t maxDepth,
                       float* out, size_t room, NestedState& state);

/** A tensor in memory: its last axes, three at most, of which the first ones may not be there. */
struct Layout {
  uint32_t axes;
  /** Lengths, none of them 0; 1 for an axis that is not there. */
  uint32_t lengths[3];
  /** In numbers. */
  int32_t strides[3];
};

/** The most bytes that one number takes with its brackets, and what may be written over behind the last one. */
constexpr size_t NUMBER_BYTES = 28;
constexpr size_t SLACK_BYTES = 64;

/**
 * Writes `count` of the tensor's numbers as nested arrays, from the number with this index on; the first with what comes
 * before it, the last one of the tensor with the brackets behind it.
 * @param values the tensor's first number
 * @returns behind the text, or nullptr if a value is NaN or infinite
 */
char* writeNested(const Tables& tables, const float* values, const Layout& layout, size_t index, size_t count, char* at);

/** What decodeBase64 found. */
enum Base64Fault : uint32_t { notOfTheAlphabet = 1, nonFinite = 2, bitsLeftOver = 4 };

/**
 * Decodes `length` characters without their padding into float32s; the bytes that they stand for beyond the last whole
 * float32 are not written, and have to be 0.
 */
uint32_t decodeBase64(const char* from, size_t length, float* to);

/** Writes the text of `count` float32s, padded. Returns false if one is NaN or infinite. */
bool encodeBase64(const float* from, size_t count, char* to);
