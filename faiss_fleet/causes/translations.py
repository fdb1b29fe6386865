# Copyright the faiss-fleet authors. SPDX-License-Identifier: Apache-2.0
"""What the C library, the shell, make, the compiler, apt and yum print in other languages, as table.py knows it."""

# (in English, the same in others): lower case. They are sought in this order, so what is a part of another comes later.
TRANSLATED = (
    ("no such file or directory", (
        "datei oder verzeichnis nicht gefunden", "aucun fichier ou dossier de ce type",
        "aucun fichier ou répertoire de ce type", "no existe el fichero o el directorio",
        "no existe el archivo o el directorio", "file o directory non esistente",
        "arquivo ou diretório não encontrado", "ficheiro ou pasta inexistente", "нет такого файла или каталога",
        "没有那个文件或目录", "沒有此一檔案或目錄", "そのようなファイルやディレクトリはありません",
        "그런 파일이나 디렉터리가 없습니다", "nie ma takiego pliku ani katalogu")),
    ("permission denied", (
        "keine berechtigung", "permission non accordée", "permiso denegado", "permesso negato",
        "permissão negada", "отказано в доступе", "权限不够", "拒绝访问", "許可がありません", "허가 거부",
        "brak dostępu")),
    ("access is denied", (  # Windows
        "zugriff verweigert", "accès refusé", "acceso denegado", "acesso negado", "accesso negato", "存取被拒",
        "アクセスが拒否されました", "액세스가 거부되었습니다", "odmowa dostępu", "toegang geweigerd", "erişim engellendi")),
    ("operation not permitted", (
        "die operation ist nicht erlaubt", "vorgang nicht zulässig", "opération non permise",
        "operación no permitida", "operazione non permessa", "операция не позволена", "不允许的操作",
        "許可されていない操作です")),
    ("no space left on device", (
        "não há espaço disponível no dispositivo", "на устройстве не осталось свободного места",
        "设备上没有空间", "デバイスに空き領域がありません", "장치에 남은 공간이 없음",
        "brak miejsca na urządzeniu")),
    ("read-only file system", (
        "sistema de arquivos somente para leitura", "sistema de ficheiros só de leitura", "system plików wyłącznie do odczytu",
        "das dateisystem ist nur lesbar", "système de fichiers accessible en lecture seulement",
        "sistema de ficheros de sólo lectura", "sistema de archivos de solo lectura",
        "file system in sola lettura", "файловая система доступна только для чтения", "只读文件系统",
        "読み込み専用ファイルシステムです")),
    ("exec format error", (
        "fehler im format der programmdatei", "erreur de format pour exec()", "formato de ejecutable incorrecto",
        "errore di formato del file eseguibile", "ошибка формата выполняемого файла", "可执行文件格式错误",
        "実行形式エラー")),
    ("not a valid win32 application", (
        "nest pas une application win32 valide", "n'est pas une application win32 valide",
        "keine zulässige win32-anwendung", "no es una aplicación win32 válida", "não é um aplicativo win32 válido",
        "non è un'applicazione di win32 valida", "не является приложением win32", "不是有效的 win32 应用程序",
        "有効な win32 アプリケーションではありません", "올바른 win32 응용 프로그램이 아닙니다")),
    # What Windows says of a library, or of one that it needs.
    ("specified module could not be found", (
        "das angegebene modul wurde nicht gefunden", "le module spécifié est introuvable",
        "le module specifie est introuvable", "no se puede encontrar el módulo especificado",
        "no se encontró el módulo especificado", "no se puede encontrar el modulo especificado",
        "impossibile trovare il modulo specificato", "não foi possível encontrar o módulo especificado",
        "não foi possível localizar o módulo especificado", "не найден указанный модуль", "找不到指定的模块",
        "找不到指定的模組", "指定されたモジュールが見つかりません", "지정된 모듈을 찾을 수 없습니다",
        "nie można odnaleźć określonego modułu", "kan opgegeven module niet vinden")),
    ("cannot allocate memory", (
        "nicht genügend hauptspeicher verfügbar", "ne peut allouer de la mémoire",
        "impossible d'allouer de la mémoire", "no se pudo asignar memoria", "impossibile allocare memoria",
        "невозможно выделить память", "не удалось выделить память", "无法分配内存", "メモリを確保できません")),
    ("connection refused", (
        "conexão recusada", "połączenie odrzucone", "연결이 거부",
        "verbindungsaufbau abgelehnt", "connexion refusée", "conexión rehusada", "connessione rifiutata",
        "в соединении отказано", "拒绝连接", "连接被拒绝", "接続を拒否されました")),
    ("connection timed out", (
        "conexão expirou", "connessione scaduta", "tempo esgotado para conexão", "upłynął limit czasu połączenia",
        "die wartezeit für die verbindung ist abgelaufen", "connexion terminée par expiration du délai d'attente",
        "expiró el tiempo de conexión", "время ожидания соединения истекло", "连接超时",
        "接続がタイムアウトしました")),
    ("name or service not known", (
        "der name oder der dienst ist nicht bekannt", "nom ou service inconnu", "nombre o servicio desconocido",
        "имя или служба не известны", "未知的名称或服务", "名前またはサービスが不明です")),
    ("temporary failure in name resolution", (
        "temporärer fehler bei der namensauflösung", "échec temporaire dans la résolution du nom",
        "fallo temporal en la resolución del nombre", "временный сбой в разрешении имен", "域名解析暂时失败")),
    ("cannot open shared object file", (
        "kann die shared-object-datei nicht öffnen", "kann shared-object-datei nicht öffnen",
        "ne peut ouvrir le fichier d'objet partagé", "impossible d'ouvrir le fichier d'objet partagé",
        "no se puede abrir el archivo del objeto compartido",
        "no se puede abrir el fichero del objeto compartido", "impossibile aprire il file oggetto condiviso",
        "não é possível abrir arquivo de objeto compartilhado", "невозможно открыть разделяемый объектный файл",
        "не удаётся открыть общий объектный файл", "无法打开共享对象文件", "无法打开共享目标文件",
        "無法開啟共用物件檔", "共有オブジェクトファイルを開けません",
        "nie można otworzyć pliku obiektu dzielonego")),
    ("no match for argument", (
        "aucune correspondance pour le paramètre", "aucune correspondance pour l'argument",
        "keine übereinstimmung für argumente", "keine übereinstimmung für argument", "keine treffer für argument",
        "no hay coincidencias para el argumento", "no se encontró ninguna coincidencia para el argumento",
        "nenhuma correspondência para o argumento", "nessuna corrispondenza per l'argomento",
        "нет соответствия аргументу", "совпадений с аргументом не найдено", "未找到匹配的参数", "没有匹配的参数",
        "一致した引数がありません")),
    ("unable to locate package", (
        "impossible de trouver le paquet", "no se ha podido localizar el paquete", "no se pudo localizar el paquete",
        "impossível encontrar o pacote", "não foi possível encontrar o pacote", "impossibile trovare il pacchetto",
        "не удалось найти пакет", "无法定位软件包", "找不到軟體包", "nie udało się odnaleźć pakietu")),
    ("which is also in package", (
        "welches auch in paket", "qui appartient aussi au paquet", "que está también en el paquete",
        "que também está no pacote", "che si trova anche nel pacchetto", "который уже имеется в пакете",
        "它同时被包含于软件包", "który istnieje także w pakiecie")),
    ("could not get lock ", (
        "impossible d'obtenir le verrou ", "no se pudo obtener un bloqueo ", "no se pudo bloquear ",
        "não foi possível obter trava ", "impossibile acquisire il blocco ", "не удалось получить доступ к файлу блокировки ",
        "无法获得锁 ")),
    # What apt says of a repository and of packages.
    ("hash sum mismatch", (
        "hash-summe stimmt nicht überein", "somme de contrôle de hachage incohérente", "la suma hash difiere",
        "somma hash non corrispondente", "хеш сумма не совпадает", "хеш-сумма не совпадает", "hash 校验和不符",
        "校验和不符", "ハッシュサムが適合しません", "hash sum incorreto", "hash sum não confere", "błędna suma kontrolna")),
    ("held broken packages", (
        "zurückgehaltene defekte pakete", "des paquets défectueux sont en mode", "ha retenido paquetes rotos",
        "ci sono pacchetti danneggiati bloccati", "у вас зафиксированы сломанные пакеты",
        "就是它们破坏了软件包间的依赖关系", "壊れた変更禁止パッケージがあります", "você manteve pacotes quebrados",
        "mantém pacotes estragados", "zatrzymano uszkodzone pakiety")),
    ("temporary failure resolving ", (
        "temporärer fehlschlag beim auflösen von ", "erreur temporaire de résolution de ", "fallo temporal al resolver ",
        "временная ошибка при попытке получить ip-адрес ", "暂时不能解析域名", "falha temporária resolvendo ",
        "falha temporária a resolver ", "tymczasowy błąd przy tłumaczeniu ")),
    ("does not have a release file", (
        "enthält keine release-datei", "n'a pas de fichier release", "ne contient pas de fichier release",
        "no tiene un fichero de publicación", "no tiene un fichero release", "non ha un file release",
        "не содержит файла release", "没有 release 文件", "には release ファイルがありません", "não tem um arquivo de release",
        "não tem um ficheiro release", "nie ma pliku release")),
    ("is not signed", (
        "ist nicht signiert", "n'est pas signé", "no está firmado", "non è firmato", "не подписан", "没有数字签名",
        "は署名されていません", "não está assinado", "nie jest podpisane")),
    ("dpkg was interrupted", (
        "der dpkg-prozess wurde unterbrochen", "dpkg a été interrompu", "se interrumpió la ejecución de dpkg",
        "dpkg è stato interrotto", "dpkg был прерван", "dpkg 被中断", "您必须手工运行'sudo dpkg", "dpkg は中断されました",
        "o dpkg foi interrompido", "dpkg foi interrompido")),
    ("failed to fetch ", (
        "fehlschlag beim holen von ", "impossible de récupérer ", "fallo al obtener ", "impossibile recuperare ",
        "无法下载 ", "falhou ao buscar ", "falhou obter ", "nie udało się pobrać ")),
    ("unmet dependencies", (
        "満たせない依存関係",
        "dépendances non satisfaites", "dépendances manquantes", "unerfüllte abhängigkeiten",
        "nicht erfüllte abhängigkeiten", "dependencias incumplidas", "dependencias no satisfechas",
        "dependências não satisfeitas", "dependências desencontradas", "dipendenze non soddisfatte",
        "неудовлетворённые зависимости", "неудовлетворенные зависимости", "未满足的依赖关系", "未满足的依赖")),
    ("too many open files", (
        "zu viele offene dateien", "trop de fichiers ouverts", "demasiados archivos abiertos",
        "demasiados ficheros abiertos", "troppi file aperti", "muitos arquivos abertos",
        "слишком много открытых файлов", "打开的文件过多", "打开文件过多", "オープンしているファイルが多すぎます")),
    ("resource temporarily unavailable", (
        "die ressource ist zur zeit nicht verfügbar", "ressource temporairement non disponible",
        "recurso no disponible temporalmente", "risorsa temporaneamente non disponibile",
        "recurso temporariamente indisponível", "ресурс временно недоступен", "资源暂时不可用",
        "リソースが一時的に利用できません")),
    ("no route to host", (
        "keine route zum zielrechner", "aucun chemin d'accès pour atteindre l'hôte cible",
        "no existe ninguna ruta hasta el 'host'", "não há rota para o host", "nessun instradamento per l'host",
        "нет маршрута до узла", "没有到主机的路由", "ホストへの経路がありません")),
    ("network is unreachable", (
        "das netzwerk ist nicht erreichbar", "le réseau n'est pas accessible", "la red es inaccesible",
        "rete non raggiungibile", "a rede está fora de alcance", "сеть недоступна", "网络不可达",
        "ネットワークに届きません")),
    ("connection reset by peer", (
        "die verbindung wurde vom kommunikationspartner zurückgesetzt",
        "connexion ré-initialisée par le correspondant", "conexión reinicializada por la máquina remota",
        "connessione interrotta dal corrispondente", "conexão fechada pela outra ponta",
        "соединение разорвано другой стороной", "连接被对方重设", "接続が相手からリセットされました")),
    ("disk quota exceeded", (
        "der zugewiesene plattenplatz (quota) ist überschritten", "débordement du quota d'espace disque",
        "se ha excedido la cuota de disco", "превышена дисковая квота", "超出磁盘限额")),
    ("bad interpreter", (
        "defekter interpreter", "fehlerhafter interpreter", "mauvais interpréteur", "intérprete erróneo",
        "interprete errato", "неправильный интерпретатор", "坏的解释器", "解释器错误", "誤ったインタプリタです")),
    ("cannot execute binary file", (
        "kann die binärdatei nicht ausführen", "kann die datei nicht ausführen",
        "impossible d'exécuter le fichier binaire", "no se puede ejecutar un fichero binario",
        "impossibile eseguire il file binario", "não foi possível executar o arquivo binário",
        "не удаётся запустить бинарный файл", "не удаётся запустить двоичный файл", "无法执行二进制文件",
        "バイナリファイルを実行できません")),
    ("invalid elf header", (
        "ungültiger elf-header", "en-tête elf invalide", "cabecera elf inválida", "intestazione elf non valida",
        "cabeçalho elf inválido", "неверный заголовок elf", "недопустимый заголовок elf", "无效的 elf 头", "无效的elf头",
        "無効な elf ヘッダ")),
    ("undefined symbol: ", (
        "undefiniertes symbol: ", "symbole non défini : ", "símbolo indefinido: ", "símbolo sin definir: ",
        "simbolo non definito: ", "símbolo não definido: ", "неопределённый символ: ", "неопределенный символ: ",
        "未定义的符号: ", "未定义符号: ", "未定義シンボル: ")),
    ("failed to map segment from shared object", (
        "échec du mappage de segment depuis l'objet partagé", "échec de mappage de segment de l'objet partagé",
        "no se pudo mapear el segmento del objeto compartido", "fallo al mapear el segmento del objeto compartido",
        "falha ao mapear segmento do objeto compartilhado", "mappatura del segmento dall'oggetto condiviso non riuscita",
        "не удалось отобразить сегмент из разделяемого объекта", "无法从共享目标中映射段", "映射共享目标文件的段失败")),
    ("is not in the sudoers file", (
        "ist nicht in der sudoers-datei", "steht nicht in der sudoers-datei", "n'apparaît pas dans le fichier sudoers",
        "no está en el fichero sudoers", "no está en el archivo sudoers", "non è nel file sudoers",
        "não está no arquivo sudoers", "отсутствует в файле sudoers", "не в файле sudoers", "不在 sudoers 文件中")),
    ("cannot find -l", (
        "ne peut trouver -l", "no se puede encontrar -l", "impossibile trovare -l", "não foi possível localizar -l",
        "невозможно найти -l", "找不到 -l", "-l が見つかりません")),
    ("invalid argument", (
        "das argument ist ungültig", "argument invalide", "argumento inválido", "argomento non valido",
        "недопустимый аргумент", "无效的参数", "無効な引数です")),
    ("bus error", ("bus-zugriffsfehler", "erreur du bus", "errore di bus", "ошибка шины", "总线错误")),
    ("trace/breakpoint trap", (
        "trace/breakpoint ausgelöst", "trappe pour point d'arrêt et de trace", "trap para punto de parada/seguimiento",
        "прерывание трассировки/останова", "跟踪/断点陷阱", "追踪与中断点陷阱", "トレース/ブレークポイントトラップ")),
    ("aborted", ("abgebrochen (core", "abortado (core", "аварийный останов (", "已放弃 (", "中止 (コア")),
    ("command not found", (
        "kommando nicht gefunden", "befehl nicht gefunden", "commande introuvable", "orden no encontrada",
        "comando non trovato", "comando não encontrado", "команда не найдена", "未找到命令", "命令未找到",
        "找不到命令", "コマンドが見つかりません", "명령어를 찾을 수 없음", "nie znaleziono polecenia")),
    ("segmentation fault", (
        "falla de segmentación", "mémoire segmentation",
        "erreur de segmentation", "violación de segmento", "errore di segmentazione", "falha de segmentação",
        "ошибка сегментирования", "段错误", "段错誤", "naruszenie ochrony pamięci")),
    ("illegal instruction", (
        "ungültiger maschinenbefehl", "instruction illégale", "instrucción ilegal", "instrução ilegal",
        "недопустимая инструкция", "недопустимая операция", "非法指令", "不正な命令です",
        "nieprawidłowa instrukcja")),
    ("killed", (
        "getötet", "убито", "已杀死", "強制終了", "processus arrêté", "terminado (killed)")),
    ("core dumped", (
        "speicherabzug geschrieben", "стек памяти сброшен на диск", "核心已转储", "吐核", "コアダンプ")),
    ("fatal error", (
        "schwerwiegender fehler", "erreur fatale", "фатальная ошибка", "致命错误",
        "致命的エラー")),
    ("(conflicting files)", (  # pacman
        "(arquivos conflitantes)", "(有冲突的文件)", "(конфликтующие файлы)", "(archivos en conflicto)",
        "(in konflikt stehende dateien)", "(file in conflitto)")),
    ("is unknown trust", ("的签名是未知信任的",)),
    ("is marginal trust", ("的签名是勉强信任的",)),
    ("invalid or corrupted package", ("无效或已损坏的软件包",)),
    ("unresolvable package conflicts", (
        "检测到未解决的软件包冲突", "nicht auflösbare paketkonflikte", "неразрешимый конфликт пакетов")),
    ("not enough free disk space", (
        "剩余空间不够", "nicht genug freier festplattenspeicher", "недостаточно места на диске")),
    ("requires", ("需要",)),
    (" is needed by ", (" 被 ",)),
    ("error", (
        "错误", "ошибка")),
    ("no package", ("没有可用软件包",)),
    ("nothing to do", ("无须任何处理",)),
    ("version", ("версия", "versión", "versão", "versione", "wersja")),
    ("not found", (
        "не найдена", "не найден", "nicht gefunden", "introuvable", "non trouvée", "no encontrada", "não encontrada",
        "non trovata", "找不到",
        "未找到", "見つかりません")),
)

# The same where the words stand in another order: (pattern of a clean line, what stands for it).
REORDERED = (
    ("не удалось получить (?=http)", "failed to fetch "),
    ("(https?://\\S{1,300}) の取得に失敗しました", "failed to fetch \\1"),
    ("paket (\\S{1,100}) kann nicht gefunden werden", "unable to locate package \\1"),
    ("パッケージ (\\S{1,100}) が見つかりません", "unable to locate package \\1"),
    ("risoluzione di (\\S{1,253}) temporaneamente non riuscita", "temporary failure resolving \\1"),
    ("(\\S{1,253}) が一時的に解決できません", "temporary failure resolving \\1"),
    ("não foi poss\\S{1,3}vel habilitar pilhas (?:de )?execut\\S{1,3}vel como requisitado pelo objeto compartilhado",
     "cannot enable executable stack as shared object requires"),
    ("-(l[\\w+.-]{1,60}) kann nicht gefunden werden", "cannot find -\\1"),
    ("' ([^' ]{1,300}) '", "'\\1'"),
    ("对 ?'([^']{1,300})' ?未定义的引用", "undefined reference to '\\1'"),
    ("nicht definierter verweis auf ", "undefined reference to "),
    ("référence indéfinie (?:vers|à) ?", "undefined reference to "),
    ("referencia a '([^']{1,300})' sin definir", "undefined reference to '\\1'"),
    ("неопределённая ссылка на |неопределенная ссылка на ", "undefined reference to "),
    ("'([^']{1,300})' ?に対する定義されていない参照", "undefined reference to '\\1'"),
    ("riferimento non definito a ", "undefined reference to "),
    ("referência não definida para ", "undefined reference to "),
)
