// Reads a pcapng file back, by the format's own words (draft-ietf-opsawg-pcapng).
#pragma once

#include <cstdint>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace culvert::control::test {

struct Block {
  uint32_t type = 0;
  std::string body;
  std::map<uint16_t, std::string> options;

  template <typename Number>
  Number at(size_t offset) const {
    Number n{};
    std::memcpy(&n, body.data() + offset, sizeof n);
    return n;
  }
};

// Where the options of a block of that type begin in its body.
inline size_t options_at(const Block& block) {
  switch (block.type) {
    case 0x0a0d0d0a: return 16;
    case 1: return 8;
    case 5: return 12;
    case 6: return 20 + (block.at<uint32_t>(12) + 3) / 4 * 4;
    default: ADD_FAILURE() << "an unknown block"; return block.body.size();
  }
}

inline std::vector<Block> read_blocks(const std::string& bytes) {
  std::vector<Block> out;
  for (size_t at = 0; at < bytes.size();) {
    uint32_t head[2];
    if (bytes.size() - at < 12) {
      ADD_FAILURE() << "a block is cut off";
      break;
    }
    std::memcpy(head, bytes.data() + at, sizeof head);
    uint32_t again = 0;
    if (head[1] % 4 != 0 || head[1] > bytes.size() - at) {
      ADD_FAILURE() << "length " << head[1];
      break;
    }
    std::memcpy(&again, bytes.data() + at + head[1] - 4, 4);
    EXPECT_EQ(again, head[1]);
    Block block{head[0], bytes.substr(at + 8, head[1] - 12), {}};
    for (size_t o = options_at(block); o + 4 <= block.body.size();) {
      const auto code = block.at<uint16_t>(o);
      const auto size = block.at<uint16_t>(o + 2);
      if (code == 0) break;
      block.options[code] = block.body.substr(o + 4, size);
      o += 4 + (size_t{size} + 3) / 4 * 4;
    }
    out.push_back(std::move(block));
    at += head[1];
  }
  return out;
}

inline std::string read_all(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace culvert::control::test
