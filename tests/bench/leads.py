"""Leads for measuring: row i is a pure function of i, the same on every machine and in every run."""

M64 = (1 << 64) - 1
HEADER = "name,phone,fax,email,status,country\n"


def mix(x):
    """splitmix64."""
    x = (x + 0x9E3779B97F4A7C15) & M64
    x = ((x ^ (x >> 30)) * 0xBF58476D1CE4E5B9) & M64
    x = ((x ^ (x >> 27)) * 0x94D049BB133111EB) & M64
    return x ^ (x >> 31)


ZH = ("华中国天地东方南北西海金银龙凤鹏宏伟达兴盛隆泰安康健福禄寿喜德信诚仁义和顺通源丰裕昌荣富贵新明光辉远航宇星辰"
      "科创智慧联合众力强威胜利美佳优嘉亿万千百铭博雅文思迪飞腾跃升恒永久长春夏秋冬雪江河湖山川林森木")
ZH_CITY = [("深圳市", "755"), ("广州市", "20"), ("上海", "21"), ("北京", "10"), ("杭州", "571"), ("宁波市", "574"), ("苏州", "512"),
           ("东莞市", "769"), ("佛山市", "757"), ("厦门", "592"), ("青岛", "532"), ("成都", "28"), ("义乌市", "579"), ("武汉", "27")]
ZH_TRADE = ["电子科技", "机械设备", "进出口贸易", "五金制品", "塑胶模具", "纺织服装", "化工材料", "包装印刷", "照明电器", "家具",
            "食品", "医疗器械", "国际物流", "新能源", "汽车配件", "玩具礼品", "建材", "软件信息技术", "环保工程", "半导体"]
ZH_FORM = ["有限公司", "有限公司", "有限公司", "股份有限公司", "有限责任公司"]
VI = ("An Bình Châu Cường Dũng Đạt Đông Đức Gia Hà Hải Hằng Hiếu Hòa Hoàng Hùng Huy Khang Khánh Khôi Kiên Lâm Lan Linh Long Lộc "
      "Mai Minh Nam Nga Ngân Ngọc Nguyên Nhật Phát Phong Phú Phúc Phương Quang Quân Quốc Quý Sơn Tài Tâm Tân Thái Thành Thảo "
      "Thiên Thịnh Thọ Thu Thuận Thủy Tiến Toàn Trang Trí Trung Trường Tuấn Tùng Uyên Vân Việt Vinh Vũ Xuân Yến").split()
VI_TRADE = ["Thương mại", "Sản xuất", "Xuất nhập khẩu", "Vận tải", "Công nghệ", "Xây dựng", "Thực phẩm", "Dệt may", "Cơ khí", "Nội thất"]
VI_FORM = ["Công ty TNHH", "Công ty Cổ phần", "CTY TNHH"]
SYL = ("bar cor dal den el far gal hal hol jen kar kel lan lor mar mel nor ost pal pen quin ral ran ros sal sel tal tor ul val ver "
       "wal wen wil xan yar yor zan zel ash brent clif dor ever field grant hart ing kent lang mont new oak park ridge stan thorn "
       "up vin wood york zen alt birch crest drake flint glen haven iron jade kirk").split()
EN_TRADE = ["Trading", "Logistics", "Foods", "Textiles", "Plastics", "Machinery", "Electronics", "Furniture", "Packaging", "Lighting"]
EN_FORM = ["Inc.", "LLC", "Ltd", "Corp."]
STATUS = ["new", "new", "new", "contacted", "qualified", "lost"]


def words(n, of, joint):
    """Three of the words and what is left of n: no two n below len(of)**3 give the same."""
    out = []
    for _ in range(3):
        out.append(of[n % len(of)])
        n //= len(of)
    return joint.join(out), n


def lead(i):
    """name, phone, fax, email, status, country; no two share a key."""
    r = mix(i)
    status = STATUS[r % 6]
    r >>= 8
    if i % 20 < 11:  # Chinese companies
        core, n = words(i * 7919 % 16000057, ZH, "")
        city, area = ZH_CITY[r % 14]
        name = city + core + ZH_TRADE[(n + r) % 20] + ZH_FORM[(r >> 8) % 5]
        if r % 3:
            phone, country, fax = "0%s-%08d" % (area, 20000000 + 2 * i), "CN", "+86 %s %08d" % (area, 20000001 + 2 * i)
        else:
            phone, country, fax = "+86 13%d %04d %04d" % (i % 10, i // 10 // 10000, i // 10 % 10000), "CN", ""
        email = "sales%d@%s.com.cn" % (i, SYL[r % 70] + SYL[(r >> 7) % 70])
    elif i % 20 < 15:
        core, n = words(i * 7919 % 16000057, VI, " ")
        name = "%s %s %s %d" % (VI_FORM[r % 3], VI_TRADE[(n + r) % 10], core, i % 100)
        phone, country, fax = "09%08d" % (10000000 + i), "VN", ""
        email = "info@%s%d.vn" % (SYL[r % 70], i)
    else:
        core, n = words(i * 7919 % 16000057, SYL, "")
        name = "%s%s %s %s" % (core.capitalize(), SYL[n % 70], EN_TRADE[r % 10], EN_FORM[(r >> 6) % 4])
        phone, country, fax = "+1 %d %d-%04d" % (212 + i % 7, 200 + i // 10000, i % 10000), "US", ""
        email = "office.%s%d@example.com" % (SYL[r % 70], i)
    return name, phone, "" if r & 64 else fax, "" if r % 10 == 0 else email, status, country


ZH_SURNAME = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾萧田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金韦贾夏付方邹熊白孟秦邱侯江尹薛闫段雷龙陶黎贺毛郝顾龚邵万覃武钱戴严莫孔向常汤"
VI_SURNAME = "Nguyễn Trần Lê Phạm Hoàng Phan Vũ Đặng Bùi Đỗ Hồ Ngô Dương Lý".split()
EN_FIRST = "James Mary John Linda Robert Susan Michael Karen David Nancy William Lisa Thomas Sandra Peter Laura Paul Emma Mark Olivia".split()


def person(i):
    """name, mobile, email of contact i."""
    r = mix(i ^ 0xC0FFEE)
    if i % 20 < 11:
        name = ZH_SURNAME[r % len(ZH_SURNAME)] + ZH[(r >> 8) % len(ZH)] + (ZH[(r >> 16) % len(ZH)] if r & 128 else "")
        return name, "1%02d%08d" % (30 + i % 60, i), "p%d@%s.com.cn" % (i, SYL[(r >> 24) % 70] + SYL[(r >> 32) % 70])
    if i % 20 < 15:
        name = " ".join((VI_SURNAME[r % 14], VI[(r >> 8) % len(VI)], VI[(r >> 16) % len(VI)]))
        return name, "09%08d" % i, "c%d@%s.vn" % (i, SYL[(r >> 24) % 70])
    name = EN_FIRST[r % 20] + " " + (SYL[(r >> 8) % 70] + SYL[(r >> 16) % 70]).capitalize()
    return name, "+1 %d 555 %04d" % (200 + i // 10000 % 700, i % 10000), "%s%d@example.com" % (EN_FIRST[r % 20].lower(), i)


def again(i):
    """Lead i as somebody else would type it: two of its keys, written another way."""
    name, phone, fax, email, status, country = lead(i)
    return name.lower(), phone.replace("-", " "), "", email.upper(), status, country


def write(path, first, n, duplicates_percent=0):
    """n leads from number `first` on; some are leads of an earlier number."""
    with open(path, "w", encoding="utf-8") as f:
        f.write(HEADER)
        for i in range(first, first + n):
            dup = duplicates_percent and mix(i ^ 0x5555) % 100 < duplicates_percent
            row = again(1 + mix(i) % (first - 1)) if dup else lead(i)
            f.write(",".join('"%s"' % v if "," in v else v for v in row) + "\n")
