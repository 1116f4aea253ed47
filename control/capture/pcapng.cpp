#include "control/capture/pcapng.hpp"

namespace culvert::control::pcapng {
namespace {

enum class BlockType : uint32_t {
  section_header = 0x0a0d0d0a,
  interface = 1,
  statistics = 5,
  packet = 6,
};

// Option codes; those of one block type mean nothing in another.
constexpr uint16_t kEndOfOptions = 0;
constexpr uint16_t kComment = 1;
constexpr uint16_t kApplication = 4;                              // section header
constexpr uint16_t kName = 2, kDescription = 3, kResolution = 9;  // interface
constexpr uint16_t kOsDropped = 7;                                // statistics
constexpr uint32_t kByteOrderMagic = 0x1a2b3c4d;
constexpr uint64_t kUnknownLength = ~uint64_t{0};

class Block {
 public:
  explicit Block(BlockType type) {
    number(static_cast<uint32_t>(type));
    number(uint32_t{0});  // its length, once it is known
  }
  template <typename Number>
  Block& number(Number n) {
    bytes_.append(reinterpret_cast<const char*>(&n), sizeof n);
    return *this;
  }
  Block& time(uint64_t time_us) {
    return number(static_cast<uint32_t>(time_us >> 32)).number(static_cast<uint32_t>(time_us));
  }
  // Padded to whole 32-bit words, as everything in a block is.
  Block& text(std::string_view text) {
    bytes_ += text;
    bytes_.append((4 - text.size() % 4) % 4, '\0');
    return *this;
  }
  Block& option(uint16_t code, std::string_view value) {
    number(code).number(static_cast<uint16_t>(value.size())).text(value);
    has_options_ = true;
    return *this;
  }
  [[nodiscard]] std::string take() {
    if (has_options_) number(kEndOfOptions).number(uint16_t{0});
    const auto length = static_cast<uint32_t>(bytes_.size() + sizeof(uint32_t));
    number(length);
    bytes_.replace(sizeof(uint32_t), sizeof length, reinterpret_cast<const char*>(&length),
                   sizeof length);
    return std::move(bytes_);
  }

 private:
  std::string bytes_;
  bool has_options_ = false;
};

}  // namespace

std::string section_header(std::string_view application) {
  return Block(BlockType::section_header)
      .number(kByteOrderMagic)
      .number(uint16_t{1})  // version 1.0
      .number(uint16_t{0})
      .number(kUnknownLength)
      .option(kApplication, application)
      .take();
}

std::string interface(LinkType type, std::string_view name, std::string_view description,
                      uint32_t snap_length, Resolution resolution) {
  Block block(BlockType::interface);
  block.number(static_cast<uint16_t>(type))
      .number(uint16_t{0})
      .number(snap_length)
      .option(kName, name)
      .option(kDescription, description);
  const char digits = static_cast<char>(resolution);
  if (resolution != Resolution::microseconds) block.option(kResolution, {&digits, 1});
  return block.take();
}

std::string packet(const Packet& p) {
  return Block(BlockType::packet)
      .number(p.interface)
      .time(p.time_us)
      .number(static_cast<uint32_t>(p.data.size()))
      .number(p.size)
      .text({reinterpret_cast<const char*>(p.data.data()), p.data.size()})
      .option(kComment, p.comment)
      .take();
}

std::string statistics(uint32_t interface, uint64_t time_us, uint64_t dropped) {
  return Block(BlockType::statistics)
      .number(interface)
      .time(time_us)
      .option(kOsDropped, {reinterpret_cast<const char*>(&dropped), sizeof dropped})
      .take();
}

}  // namespace culvert::control::pcapng
